// Package redact is the only way out of capture: it takes raw.Event and gives Event, which may leave RAM. Text goes
// through one shadow buffer per focused element (shadow.go) and one engine (engine.go); titles and names of elements go
// through the same engine (title.go); pictures have all their text masked (cells.go, picture.go), and where the person agreed to it,
// lines that are proven clean are drawn again over the mask (lines.go, reveal.go, ask.go, proof.go, beside.go, strays.go, witness.go, draw.go).
//
// The order of the engine: normalise.go folds what looks alike, keywords.go and tokens.go read each byte once (eight.go: eight in one step) and
// list key words, words (spelling.go), digits and long tokens, gate.go says which detectors are needed, these walk over the lists and find spans,
// engine.go unites them, names.go gives class tokens. What is written in scripts without capitals is looked at as it was written (scripts.go). gitleaks' rules (vendor_rules.go, vendor.go) run around their key words, by expression.go and match.go. A
// detector that fails or overruns costs the whole value, never a leak.
//
// The build tag byleave_disconnected makes a control build for tests: text and pixels pass as they are, so that a search
// for planted secrets can prove that it would find them. Such a build says so on standard error when it starts and in
// Version; without the tag the constant Disconnected is false and the compiler drops those branches.
//
// May import: policy, agent/internal/capture/internal/raw, proto/pb
// Touches: nothing
// Goroutines: reveal.read (ask.go), one while many lines are read; it waits for it
package redact
