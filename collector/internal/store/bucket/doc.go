// Package bucket is a place of small immutable objects in an S3-compatible object store: each name is written once, an object is durable
// when Put returns, and what was deleted is gone if Forgets says so. Errors name no object, no key and no secret.
//
// May import: nothing of ours
// Touches: net, disk
// Goroutines: those of the client, which end with each call
package bucket
