// Package desktop starts a whole private X desktop for the demo, the benchmarks and the end-to-end tests: Xvfb, a
// session bus with accessibility, a window manager, all as a plain user in a scratch folder, and ends exactly what it
// started. It can also attach to a desktop that runs already. It knows windows by EWMH and waits for conditions.
//
// May import: nothing of ours
// Touches: disk,net,os
// Goroutines: one waits for each process that was started, and ends with it
package desktop
