package main

import "testing"

// TestHosts: what would stand in every invitation is what a device can dial, and no more.
func TestHosts(t *testing.T) {
	for _, h := range []string{"collector.example.org", "10.0.0.1", "::1", "xn--bcher-kva.example"} {
		if err := checkHosts([]string{h}); err != nil {
			t.Error(err)
		}
	}
	for _, h := range []string{"", "a:7443", "https://a", "[::1]", "a b", "bücher.example", "a\u202eb", "a\u009b31m", "a\nb"} {
		if checkHosts([]string{"fine.example", h}) == nil {
			t.Errorf("%q is taken", h)
		}
	}
}
