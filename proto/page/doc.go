// Package page serves pages of this computer to the browser of whoever typed the command, and to nobody else: on the loopback address only,
// through an address that works once, to our own name and origin only, with headers that keep the page from being framed, cached, or from
// reaching for anything beyond itself. The person's pages and the operator's have this door and one style sheet.
// door.go is who may pass, serve.go the listener.
//
// May import: nothing of ours
// Touches: net, os
// Goroutines: the http server's, which end with Serve
package page
