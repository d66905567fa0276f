// Package gate knows, for every instant of the last minute, what was allowed. It gathers facts (focus, pause, lock, secret
// fields, the mark, the disk, the clock), asks policy.Decide, and judges each input event at the event's own time.
// It holds one state under one lock, and nothing else writes it.
//
// May import: policy
// Touches: nothing
// Goroutines: none
package gate
