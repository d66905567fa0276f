// Package cloud is the store of any number of collectors at once: packs of opaque bytes as objects of an S3-compatible store, beside an
// index in PostgreSQL. No collector keeps anything that another one needs. A box is acknowledged only when its pack is durable and its
// row committed, in this order, so that a row never points at bytes that are not there; a pack that no row names is removed later.
// Persons' epoch keys and what was to be erased lie in the object store, outside the database and its backups.
//
// May import: collector/internal/store, collector/internal/store/bucket, collector/internal/store/deposit
// Touches: net, disk
// Goroutines: those that fetch the keys of a group, which waits for them; one while somebody waits for boxes of other collectors, which Close ends
package cloud
