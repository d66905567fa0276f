// Package capture sees what a person does in consented windows and reduces it to steps, while a permit is open and not
// longer. Every input event waits 305 ms in RAM and is judged at its own time; a step with any denied event is dropped
// whole and becomes part of a gap. What leaves this package is raw.Event, which only redact can open.
//
// Run is the one goroutine that owns all state. It follows the focus, turns the listening on and off with the permit,
// and drives the reducer (reduce.go), the camera (camera.go), the hold-back (holdback.go) and the output (output.go).
//
// May import: policy, agent/internal/capture/internal/raw, agent/internal/capture/internal/x11, agent/internal/capture/internal/a11y
// Touches: os
// Goroutines: one per press, to ask for the element under it, at most 30 ms; one that asks whether an application answers,
// at most 2 s; one that looks for the focused element, at most 300 ms; one that asks what the window says, at most 150 ms; one while there is no accessibility bus. Run blocks on none
package capture
