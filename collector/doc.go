// The collector: it enrols devices, takes sealed boxes that it cannot open, makes them durable, and releases them to the
// custodians that the policy names. The same program is the custodian's tool, on the custodian's machine.
//
// May import: collector/internal/ca, collector/internal/dash, collector/internal/export, collector/internal/ingest, collector/internal/ledger, collector/internal/operator, collector/internal/store, collector/internal/store/cloud, collector/internal/store/embed, collector/internal/vault, policy, proto/ask, proto/bundle, proto/envelope, proto/erasure, proto/page, proto/pb, proto/tlog, proto/verb
// Touches: disk, net, os
// Goroutines: serve starts its three servers, the audit line, the reload of what may change, the end of boxes whose time is over, and what its store does and is told, and waits for all of them
package main
