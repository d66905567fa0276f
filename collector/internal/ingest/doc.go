// Package ingest is the collector's door to the network: the gRPC server with mutual TLS, enrolment, and the way of a box from
// a device to the store and of its ack back. It never decompresses, opens or parses a payload, and who speaks is read from the
// certificate alone.
//
// May import: collector/internal/ca, collector/internal/ledger, collector/internal/store, policy, proto/envelope, proto/erasure, proto/pb
// Touches: disk, net
// Goroutines: one committer and a desk per Ingest, ended by Close; one receiver per stream that has sent a box or a piece, ended with its stream; what grpc starts
package ingest
