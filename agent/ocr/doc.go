// Command byleave-ocr reads lines of text in pictures for the agent, one at a time, and has no other means: it gets grey pixels
// on standard input and answers with text and how sure it is on standard output (agent/internal/capture/ocr/talk). What it
// says can only reveal a line of a masked picture; if it is not there, dies, hangs or talks nonsense, the line stays masked.
//
// It loads Tesseract's library of the system (libtesseract.so.5, LSTM engine, English) and then gives up everything that a
// reader does not need, in two steps: before the library is loaded no new privileges, no file that can be written, no core
// dump, little memory (Landlock where the kernel has it); before the first line is read no socket, no file at all, no program
// (seccomp). Without seccomp it does not read. Its parts, in the order in which they come to act:
//
//	confine_linux.go  gives up what it does not need
//	engine_linux.go   Tesseract's library
//	tidy.go           makes a line dark on white, of one height
//	main.go           lines in, answers out
//
// May import: agent/internal/capture/ocr/talk
// Touches: os
// Goroutines: none
package main
