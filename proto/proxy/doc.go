// Package proxy says through which proxy an address is reached, and reaches it, as HTTPS_PROXY and NO_PROXY have it. A proxy that is named so that nobody can
// reach it is an error, and never none: whoever sits behind one would be seen to connect past it.
//
// May import: nothing
// Touches: os, net
// Goroutines: none
package proxy
