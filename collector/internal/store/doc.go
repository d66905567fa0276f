// Package store says what a collector must be able to keep: boxes, consents, devices, custodians, invitations, exports and the
// rows that the ledger waits for. It holds the types and the interface; embed keeps them in a folder, cloud in a database and a bucket, what
// both have in common is deposit, and storetest proves a keeper. Nothing here can read a box: all three parts are opaque bytes.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package store
