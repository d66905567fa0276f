// Package wine runs the Windows programs in Wine, each test in a fresh prefix of its own: the service, the pipe and what is left
// behind. Wine has one account, one session and no access lists of its own, so it shows that the parts work together, not that
// Windows keeps people apart. Only `make wine` and `make nightly` run it, with the tag byleave_wine.
//
// May import: e2e/desktop, e2e/stage
// Touches: disk, net, os
// Goroutines: one waits for each program that runs beside a test, and ends with it
package wine
