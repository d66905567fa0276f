// Package cloudtest starts the servers that tests of the scale-out store need, each in a folder and process of its own: a PostgreSQL and an
// S3 server. They listen on a socket of the folder and on loopback, and can be killed and started again. Linux only.
//
// May import: nothing of ours
// Touches: disk, os, net
// Goroutines: one for each server's output, which ends with the server
package cloudtest
