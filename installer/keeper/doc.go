// Package keeper is the Windows service: one agent for each person who enrolled themselves, in their own session and as them, and
// nothing for anybody else. The service runs as the system, outside every desktop; it records nothing, holds no key and opens no
// file of a person. Whether somebody enrolled it asks with that person's own rights. On other systems only its book-keeping compiles.
//
// May import: nothing of ours
// Touches: os, disk
// Goroutines: one for each agent, waiting for its end; one for each look into a person's folder; in an agent, one that waits for the service to end
package keeper
