//go:build !unix

package export

// runChild does nothing: no test kills a process here.
func runChild() {}
