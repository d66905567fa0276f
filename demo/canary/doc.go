// Package canary plants random secrets and looks for them everywhere: in files, in captured bytes, in opened boxes, in pictures,
// in every form that a careless program could give them. A search that finds nothing proves nothing by itself, so the demo also
// runs it where everything must be found.
//
// May import: proto/envelope, proto/envelope/open, proto/pb
// Touches: disk,net,os
// Goroutines: the recording proxy has one per direction and connection, OCR one per core; Close and the search wait for them
package canary
