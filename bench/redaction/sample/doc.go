// Package sample makes texts with values that must not leave, and texts without any, for measuring redaction. Values follow the public
// definitions of their formats (ISO 7812, ISO 13616, RFC 5321, RFC 7519, BIP 173, libphonenumber's example numbers), not what
// our engine looks for. The same seed gives the same texts.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package sample
