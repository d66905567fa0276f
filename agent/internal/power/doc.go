// Package power tells what the computer says of its energy and its network: whether it runs on a battery and how full that is, whether
// bytes cost money, the name of the network, and that it woke from sleep. It listens to UPower, NetworkManager and logind on the
// system bus, and to the kernel for the
// processor; nothing is polled, nothing is changed, and no sleep is ever delayed. It decides which profile that asks for, and nothing else.
//
// May import: nothing of ours
// Touches: os, net
// Goroutines: one for the processor, which Run waits for; Run blocks
package power
