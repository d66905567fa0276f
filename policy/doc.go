// Package policy says what may be recorded. It reads what the operator asks for (Policy), what the person granted of it
// (Consent), and answers one question: is this allowed at this instant (Decide). It is pure: no input or output, no clock,
// no goroutine; whoever asks brings the time and the randomness. Every zero value denies.
//
// May import: proto/pb
// Touches: nothing
// Goroutines: none
package policy
