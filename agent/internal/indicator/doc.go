// Package indicator draws the mark that says whether anything is recorded: a small picture on top of all windows whose
// shape alone tells the state, with three words beside it. Recording requires that Prove holds. The person
// may drag the mark to another place, which is remembered; it takes the pointer on itself alone and never the keyboard, never
// blinks, and nothing runs while it is not disturbed.
//
// May import: agent/internal/indicator/shape
// Touches: disk, os, net
// Goroutines: Open starts one that reads the display's events; xgb has five per connection
package indicator
