// Package review is the local page: a person reads what is asked, agrees to a part of it, says no, takes back, withdraws, and
// finds the receipts. It listens on the loopback address only while the person's own command runs, opens with an address that
// works once, answers nobody but the same user's browser, and needs no script, no other host and nothing stored in the browser.
// server.go is the list of pages and who may pass, consent*.go are the pages of consent; other pages stand beside them.
//
// May import: policy, proto, proto/page, proto/pb
// Touches: net, os
// Goroutines: the http server's, and two that open boxes while it runs; all ended when Serve returns
package review
