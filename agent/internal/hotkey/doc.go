// Package hotkey holds the one combination of keys with which the person pauses and resumes from anywhere. It is asked of the
// display as a grab of exactly that combination: no other key comes in here, and whatever has the focus does not get it.
//
// May import: nothing of ours
// Touches: net, os
// Goroutines: Open starts one that reads the display's events; xgb has five per connection
package hotkey
