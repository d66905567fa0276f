// The command byleave is the agent: it records what its person agreed to, and nothing else. One file per verb.
//
// May import: agent/internal/control, agent/internal/flow, agent/internal/keystore, agent/internal/review, agent/internal/spool, agent/internal/upload, policy, proto/pb
// Touches: disk, net, os
// Goroutines: one that waits for xdg-open to end
package main
