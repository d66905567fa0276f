// Package verify checks, for one person and from their own records, what a collector says and what stands in its public ledger. It trusts
// the key of the ledger that was pinned at enrolment and nobody's word; what does not fit becomes a plain sentence.
//
// May import: policy, proto/erasure, proto/pb, proto/tlog
// Touches: nothing
// Goroutines: none
package verify
