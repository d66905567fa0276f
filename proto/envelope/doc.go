// Package envelope is the sealed box: what leaves a device, lies at a collector and is opened by a custodian or the person.
// Its bytes are defined by proto/SPEC.md. This package reads a box, checks it and opens single capsules; making one is the
// matter of envelope/seal, opening one of envelope/open.
//
// May import: proto/envelope/internal/lock
// Touches: nothing
// Goroutines: none
package envelope
