// Package flow wires the rooms of the agent in the order of the table in flow.go. It decides nothing that a room decides.
//
// May import: agent/internal/capture, agent/internal/capture/redact, agent/internal/control, agent/internal/gate, agent/internal/hotkey, agent/internal/indicator, agent/internal/keystore, agent/internal/power, agent/internal/rights, agent/internal/session, agent/internal/spool, agent/internal/tray, agent/internal/upload, policy, proto/envelope, proto/pb, proto/tlog
// Touches: os, net
// Goroutines: one per stage that waits: runControl, runNews, runTray, runSight (capture, mark, hotkey and the next session), runRedact, runDeadline, runEdges, runUpload, runPower; Run waits for all. A timer's after a forget and after a box, for a moment
package flow
