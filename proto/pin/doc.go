// Package pin reads invitations and makes the TLS settings that trust the one authority that an invitation names, and no other:
// neither the system's authorities nor a name service has a say. Devices and custodians share it.
//
// May import: proto/code
// Touches: net
// Goroutines: none
package pin
