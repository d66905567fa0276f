// Package open opens boxes: with the person's key alone, or with every custodian's key and the vault's half together. What
// comes out of a box was made on a machine that we do not control, so decompression and parsing are bounded and strict. The
// collector's server must never contain this package; only review, rights and the custodian's export may import it.
//
// May import: proto/envelope, proto/envelope/internal/dictionary, proto/envelope/internal/lock, proto/envelope/payload, proto/pb
// Touches: nothing
// Goroutines: none
package open
