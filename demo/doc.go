// The command byleave-demo plays the main job end to end: a person works on a desktop, an agent records what was consented, a collector
// receives it, a custodian exports it, and then everything that was written or sent is searched for what must not be there.
//
// May import: demo/canary, demo/script, e2e/desktop, e2e/stage, proto/pb
// Touches: disk, net, os
// Goroutines: none
package main
