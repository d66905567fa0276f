// Package ledger makes the leaves that wait in the store's outbox. Leaves about a person are 32-byte salted commitments of one
// shape, so that consent, withdrawal, batch and erasure look the same; leaves about exports can be read by everyone.
//
// May import: collector/internal/store
// Touches: disk
// Goroutines: none
package ledger
