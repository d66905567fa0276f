// Package fleet is many computers in one process, for measuring collectors: each enrols, consents, seals, sleeps, loses its line and comes
// back as an agent does, in the real protocol over mutual TLS, and remembers what was acknowledged, so that it can say afterwards what was
// lost. It takes addresses and invitations, and so any collectors that serve them. `go test ./bench/fleet` lets a small fleet live through a
// short day; make bench-fleet lets a large one.
//
// May import: proto/envelope, proto/envelope/seal, proto/pb, proto/pin
// Touches: net
// Goroutines: one per device while Enrol, Day, Hold or Audit run, and what grpc starts; each waits for all of its own
package fleet
