// Package bearer takes lines that are themselves a right: an invitation, a code, a receipt. Whoever uses the same computer sees the words of a
// command while it runs, and the shell keeps them; so such a line need not be one of them. Agent and collector share it.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package bearer
