// Package axe judges pages in a browser by the rules of accessibility, with axe-core. It is MPL-2.0 and only a tool of tests: it is fetched
// once, checked against its digest, and never part of the repository.
//
// May import: nothing of ours
// Touches: disk, net, os
// Goroutines: none
package axe
