// Package power tells what the computer says of its energy and its network: whether it runs on a battery and how full that is, whether
// bytes cost money, the name of the network, and that it woke from sleep. It listens to UPower, NetworkManager and logind on the
// system bus, and looks at the kernel's word on the processor when it is asked; nothing is polled, nothing is changed, and no sleep is ever
// delayed. It decides which profile that asks for, and nothing else.
//
// May import: nothing of ours
// Touches: os, net
// Goroutines: none; Run blocks
package power
