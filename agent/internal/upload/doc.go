// Package upload brings sealed boxes to the collector and nothing else: it cannot open a box, and knows no display. It connects,
// says what is due, drains the queue and closes; with nothing to send it has no connection and one timer, for the daily
// check-in that every enrolled device makes. With each thing it sends goes the salt of its leaf in the public ledger. A box counts as sent only when the collector has said that it is durable.
// Enrolment, the first call of all, lives here too.
//
// May import: agent/internal/keystore, policy, proto/envelope, proto/code, proto/erasure, proto/pb, proto/pin, proto/proxy, proto/tlog, proto/wire
// Touches: net
// Goroutines: none of its own; Run blocks
package upload
