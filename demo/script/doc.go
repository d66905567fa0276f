// Package script is the language between the demo and its scripted person: acts, one JSON line each, and what the person
// says that it did. It also starts the person as a program of a desktop and talks to it.
//
// May import: e2e/desktop
// Touches: os
// Goroutines: none
package script
