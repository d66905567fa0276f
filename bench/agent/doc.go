// Package agent measures what the agent costs a laptop, with the real binary on a real X server. `go test ./bench/agent` measures briefly and
// asserts nothing that depends on the machine's speed; make bench-idle and make bench-typing measure a minute each.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package agent
