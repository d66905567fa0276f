// Package ask asks a person at the terminal for what nobody else may see: passphrases, and lines that are themselves a right, such as an
// invitation or a receipt. Whoever uses the same computer sees the words of a command while it runs, and the shell keeps them; so such a line
// need not be one of them. Agent and collector share it.
//
// May import: nothing of ours
// Touches: os (the terminal)
// Goroutines: one for each read, which ends with it; what waits for the keyboard when a context ends is left to the end of the program
package ask
