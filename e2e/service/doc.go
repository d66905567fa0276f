// Package service boots a small machine of its own with a real systemd (systemd-nspawn), in which tests log in, install and
// uninstall the agent as a person would. The tree of the machine is built once from the packages of this machine's own mirror,
// kept in the person's cache folder, and never written to: each boot writes to memory.
//
// May import: e2e/desktop
// Touches: disk, net, os
// Goroutines: one waits for each machine, and ends with it
package service
