// The command byleave is the agent: it records what its person agreed to, and nothing else. One file per verb.
//
// May import: agent/internal/control, agent/internal/flow, agent/internal/capture/redact, agent/internal/keystore, agent/internal/spool, agent/internal/upload, policy, proto/pb
// Touches: disk, net, os
// Goroutines: none
package main
