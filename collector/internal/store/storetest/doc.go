// Package storetest is the conformance suite of store.Store: whatever keeps boxes passes Run and Maps, or is none. It also makes the
// records and people that tests of other rooms store, and the folder in memory in which they keep them.
//
// May import: collector/internal/store
// Touches: disk
// Goroutines: those of its tests, which wait for them
package storetest
