package hotkey

import "testing"

// FuzzParse: what is taken as a combination is one that nobody presses by chance, and its name is read as the same one.
func FuzzParse(f *testing.F) {
	for _, s := range []string{Usual, None, "super+F9", "shift+p", "ctrl+ctrl+p", "ctrl++", "+", "ctrl+alt+shift+super+Pause", "ctrl+é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil || c == (Combo{}) {
			return
		}
		if c.sym == 0 || c.mask&^maskOf("shift") == 0 || c.mask&^held != 0 {
			t.Errorf("%q is too little: %+v", s, c)
		}
		if again, err := Parse(c.String()); err != nil || again != c {
			t.Errorf("%q became %+v, then %+v: %v", s, c, again, err)
		}
	})
}
