// Command redaction measures redaction, ours and that of peers, in one run: recall by class on generated values, false alarms
// on clean texts, presidio-research's synthetic set, gitleaks' own cases, speed, and pages that Chromium draws, masked and read back. It drives the binary
// `byleave redact`, prints one table and writes bench/out/redaction.json. Peers live in the nested module bench/peers.
//
// May import: bench/report, bench/redaction/page, bench/redaction/sample
// Touches: disk, os
// Goroutines: none
package main
