// Package proto is the treaty between agent and collector: the messages, the box, and the test of who may import whom. Below
// it stands what both sides do alike: invitations, codes, erasures, proofs of the ledger, and how the programs ask and complain.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package proto
