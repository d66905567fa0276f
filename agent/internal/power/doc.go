// Package power tells what the computer says of its energy and its network: whether it runs on a battery and how full that is, whether
// bytes cost money, the name of the network, and that it woke from sleep. It listens to UPower, NetworkManager and logind on the
// system bus; nothing is polled, nothing is changed, and no sleep is ever delayed. It decides nothing.
//
// May import: nothing of ours
// Touches: os, net
// Goroutines: none of its own; Run blocks
package power
