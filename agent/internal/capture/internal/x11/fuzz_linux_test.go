package x11

import "testing"

// FuzzParseDisplay: only displays of this machine are read, whatever DISPLAY says.
func FuzzParseDisplay(f *testing.F) {
	for _, s := range []string{":0", ":1.2", "unix:3", "host:0", ":", ":-1", ":65536", ":1.256", "::0", "[::1]:0", ":0.0.0", "unix:0/../x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDisplay(s)
		if err == nil && (d.number < 0 || d.number > 1<<16-1 || d.screen < 0 || d.screen > 1<<8-1) {
			t.Errorf("%q: %+v", s, d)
		}
	})
}
