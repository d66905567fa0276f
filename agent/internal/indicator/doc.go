// Package indicator draws the mark that says whether anything is recorded: a small picture on top of all windows whose
// shape alone tells the state, with three words beside it. Recording requires that Prove holds. The mark takes no
// input, never blinks, and nothing runs while it is not disturbed.
//
// May import: nothing of ours
// Touches: os, net
// Goroutines: Open starts one that reads the display's events; xgb has five per connection
package indicator
