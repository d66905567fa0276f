// Package ocr asks byleave-ocr, a process of its own, what stands in one line of a picture. The answer can only help to reveal
// the line: whatever goes wrong is an error, and an error means that the line stays masked.
//
// The process lies beside the agent's own program and nowhere else, belongs to the person or to root, and nobody else can
// write to it. It starts when the first line is to be read and ends when none was for a while, so that an idle agent pays
// nothing. One line is read at a time. A line that is not answered in time, or not as agreed, ends the process; one that keeps failing is started
// less and less often.
//
// May import: agent/internal/capture/ocr/talk
// Touches: os
// Goroutines: none
package ocr
