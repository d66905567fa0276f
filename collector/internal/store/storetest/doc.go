// Package storetest is the conformance suite of store.Store: whatever keeps boxes passes Run, or is none. It also makes the
// records and people that tests of other rooms store.
//
// May import: collector/internal/store
// Touches: nothing
// Goroutines: those of its tests, which wait for them
package storetest
