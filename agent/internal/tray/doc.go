// Package tray shows the agent's state as an icon and a menu beside the clock: pause, resume, forget, what is recorded, review,
// withdraw, quit. It is an extra: where no program shows tray icons, the mark on the screen says the same.
//
// May import: agent/internal/indicator/shape
// Touches: net, os
// Goroutines: Run starts one that follows the state and one for each line that can be clicked, and waits for all; godbus and the tray library have their own
package tray
