// Command redaction measures the redaction of text, ours and that of peers, in one run: recall by class on generated values,
// false alarms on clean texts, presidio-research's synthetic set, gitleaks' own cases, and speed. It drives the binary
// `byleave redact`, prints one table and writes bench/out/redaction.json. Peers live in the nested module bench/peers.
//
// May import: bench/report, bench/redaction/sample
// Touches: disk, os
// Goroutines: none
package main
