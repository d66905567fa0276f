// Package chaos is a bad network: a proxy between a device and a collector that delays, loses, cuts, swallows and starves what goes
// through it, and counts every byte.
//
// May import: nothing of ours
// Touches: net
// Goroutines: two for each connection, one that accepts; Close waits for all
package chaos
