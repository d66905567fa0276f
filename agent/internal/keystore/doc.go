// Package keystore is the folder in which a device keeps what makes it itself: its keys and certificate, the signed policy
// and consent, what the collector has yet to hear of them, the pause, and the highest wall time seen. The folder has mode
// 0700 and its files 0600; anything looser, or of another owner, is refused. A save returns after the bytes and the folder
// entry are on stable storage, and replaces the old file whole or not at all. The person's private key lies here only
// sealed under a passphrase.
//
// May import: proto/code, proto/pb
// Touches: disk, os, net
// Goroutines: none
package keystore
