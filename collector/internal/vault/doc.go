// Package vault holds one key pair per person and opens the collector's half of a box's key, for a release and for nothing
// else. The private keys lie in the store, wrapped by a key file outside it; the half leaves sealed to a custodian. With this
// half alone no box opens.
//
// May import: collector/internal/store, proto/envelope
// Touches: disk
// Goroutines: none
package vault
