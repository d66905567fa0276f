// Package deposit is what a box is once it is kept, whatever keeps it: what lets it in, how it lies in a pack, how its capsules lie under keys,
// and what is written down before it is destroyed. A keeper adds where all of that lies, and that it stays there.
//
// May import: collector/internal/store
// Touches: nothing
// Goroutines: none
package deposit
