// Package manual writes and reads the pages of docs/ on which every command of a program stands with its flags, as the program itself tells them.
//
// May import: nothing of ours
// Touches: disk
// Goroutines: none
package manual
