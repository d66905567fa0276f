// Package ledger is the public ledger of a collector: a tlog-tiles log whose checkpoints the ledger's key signs. What waits in the store's
// outbox goes into it: leaves about exports at once, before anything is released, and leaves about people in lots. All leaves about people
// have one shape, and lots have a size that does not follow what one person does, so that whoever reads the ledger learns of nobody.
// Acknowledgements and erasures never wait for it.
//
// May import: collector/internal/store, proto/pb, proto/tlog
// Touches: disk, net
// Goroutines: those of a tessera appender, which end with each append
package ledger
