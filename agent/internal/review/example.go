package review

import (
	"fmt"
	"strings"
)

// Step is one line of the example: what a minute of recording looks like. All of it was drawn and written for this page; nothing
// of it comes from anybody's screen.
type Step struct {
	At      string // seconds into the minute
	Kind    string // which kind of data it is; empty for a gap
	Did     string
	Kept    string // what is written down
	Picture string // of the window, masked; a file in static
	Alt     string
}

// Example is the example minute.
func Example() []Step {
	return []Step{
		{"0:04", "pointer", "You click into a letter.", "click, 412 × 198 of 900 × 560, editor", "example-1.svg",
			"A text editor window. Every line of text is a grey bar; a ring marks the click."},
		{"0:09", "text", "You type “Please pay AT61 1904 3002 3457 3201 by Friday”.", "text: Please pay <IBAN#1> by Friday", "", ""},
		{"0:21", "", "You look something up in a program that you did not agree to.", "gap, 14 seconds, another application", "", ""},
		{"0:38", "hotkeys", "You save.", "keys: ctrl+s", "", ""},
		{"0:40", "elements", "You press the button of the dialogue.", "click on push button “Save”", "example-2.svg",
			"A save dialogue over the editor. All its words are grey bars; a part that another window covers is black."},
		{"0:52", "", "You enter a password.", "gap, 6 seconds, secret field: no text, no number of keys, no picture", "", ""},
	}
}

// ExampleText is the example for a terminal.
func ExampleText() string {
	var b strings.Builder
	b.WriteString("AN EXAMPLE OF A MINUTE (made up; not from your screen)\n")
	for _, s := range Example() {
		fmt.Fprintf(&b, "  %s  %s\n        kept: %s\n", s.At, s.Did, s.Kept)
	}
	return b.String()
}
