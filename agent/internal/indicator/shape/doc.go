// Package shape draws the form that stands for each state, the same on the mark and in the tray. Form alone tells the states
// apart: whoever sees no colours loses nothing.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package shape
