// Package embed is the store of one machine: append-only packs of opaque bytes beside a SQLite index, in one folder, with no
// configuration. A box is acknowledged only when its pack was synced and its row committed, in this order, so that a row never
// points at bytes that are not there. Any content of the folder starts: what is torn is cut, what is damaged is set aside.
//
// May import: collector/internal/store, collector/internal/store/deposit
// Touches: disk
// Goroutines: one per Store that moves the index's log, ended by Close; one per group that Put stores, which waits for it
package embed
