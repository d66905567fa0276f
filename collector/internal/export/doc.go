// Package export is the custodian's side, run on the custodian's own machine: it enrols a custodian, fetches ciphertext and released
// halves over mTLS, opens them with the key file and writes trajectories. Nothing of it is reachable from serve.
//
// May import: policy, proto/pb, proto/pin, proto/proxy, proto/envelope, proto/envelope/open, proto/tlog
// Touches: disk, net
// Goroutines: none
package export
