// Package operator is what those who run a collector and those who hold its export keys may ask. No call takes a person or a
// device, none tells who agreed, paused or declined, and nothing is released before its leaf was written.
//
// May import: collector/internal/ledger, collector/internal/store, proto/envelope, proto/pb
// Touches: net, os
// Goroutines: what grpc starts
package operator
