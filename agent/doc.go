// The command byleave is the agent: it records what its person agreed to, and nothing else. One file cmd_*.go
// per verb; what several of them need stands beside them.
//
// May import: agent/internal/capture/ocr, agent/internal/capture/redact, agent/internal/control, agent/internal/flow, agent/internal/hotkey, agent/internal/keystore, agent/internal/review, agent/internal/rights, agent/internal/session, agent/internal/spool, agent/internal/upload, agent/internal/verify, installer/keeper, installer/service, policy, proto/ask, proto/bundle, proto/envelope, proto/erasure, proto/pb, proto/pin, proto/tlog, proto/verb
// Touches: disk, net, os
// Goroutines: one waits for a review that the tray started, one for the opener of the browser, one looks at the folder while a key is derived
package main
