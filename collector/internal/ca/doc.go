// Package ca says who is who: the collector's own certificate authority, the server's certificate, single-use invitations and
// what a certificate entitles to. Certificates carry one random id and a role, nothing of the person.
//
// May import: collector/internal/store
// Touches: disk, net
// Goroutines: none
package ca
