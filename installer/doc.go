// The command byleave-installer puts the agent into the person's own account, and takes it away without leftovers. It needs no
// administrator, except on Windows, where the agent lies below Program Files. What it installs is inert until the person consents.
//
// May import: installer/service, proto/bundle, proto/verb
// Touches: os, disk
// Goroutines: none
package main
