// Package dash is the operator's page: how the collector is, what is asked, what the days were that have ended, and what was released. It shows
// what the operator's commands say, under the same floors, because it is filled by the same calls: it knows no store. It only shows: there is
// no form, and no method but GET and HEAD is answered. dash.go is who may look, view.go what is shown, chart.go the days as bars.
//
// May import: policy, proto/page
// Touches: net
// Goroutines: the http server's, which end when Serve returns
package dash
