// Package stage is a whole Byleave for tests, measurements and the demo: a collector with a custodian, a device that is enrolled and
// agreed to one editor, on a desktop. It drives the binaries only, as an operator, a custodian and a person would.
//
// May import: demo/canary, e2e/desktop, e2e/pty, policy, proto/envelope, proto/envelope/open, proto/pb
// Touches: disk, os, net
// Goroutines: one waits for the collector to end
package stage
