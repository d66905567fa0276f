// Package raw holds what a person did before it is redacted. Only capture and redact can name it: it lies under
// capture/internal, and the house test narrows that further.
//
// May import: policy
// Touches: os
// Goroutines: none
package raw
