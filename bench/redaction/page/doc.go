// Package page makes pages as they stand on a desktop, with values that must not leave and words that may, and has Chromium draw
// them: editor, PDF, terminal, mail, form, chat, spreadsheet, menus, in light, dark, coloured and faint themes, at 10 to 40 pixels.
// Each page comes with the place of each of its words as Chromium lays them out. The same seed gives the same pages; how they look depends on
// the fonts of the machine.
//
// May import: bench/redaction/sample
// Touches: os
// Goroutines: none
package page
