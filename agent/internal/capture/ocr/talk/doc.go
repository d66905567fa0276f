// Package talk is what the agent and byleave-ocr say to each other: a greeting, then lines one way and answers the other. Every
// frame is its length in four bytes and so many bytes; a frame that is longer than the longest that makes sense, or whose
// parts do not add up, is refused before anything of it is kept. Numbers are little-endian. Errors never hold content.
//
//	greeting:  "BYL1", how it stands
//	line:      number, width, height, width*height grey pixels
//	answer:    number, how sure in thousandths, text in UTF-8
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package talk
