//go:build race

package spool

// underRace makes tests of many states take fewer: the detector makes each about ten times as slow.
const underRace = true
