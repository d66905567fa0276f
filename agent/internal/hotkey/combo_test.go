package hotkey

import "testing"

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		Usual: "ctrl+alt+shift+p", "shift+alt+ctrl+p": "ctrl+alt+shift+p", "super+F9": "super+F9", "ctrl+Pause": "ctrl+Pause", "alt+0": "alt+0", None: None,
	} {
		if c, err := Parse(in); err != nil || c.String() != want {
			t.Errorf("%s: %v, %v", in, c, err)
		}
	}
	// A key that a person types must never pause: shift alone is no modifier of a combination.
	for _, in := range []string{"", "p", "shift+p", "F9", "ctrl", "ctrl+", "ctrl+ctrl+p", "ctrl+pp", "meta+p", "ctrl+P", "ctrl+F13", "ctrl+F0", "ctrl+é"} {
		if c, err := Parse(in); err == nil {
			t.Errorf("%q is the combination %v", in, c)
		}
	}
	if c, err := Open(":9999", Combo{}); c != nil || err != nil || c.Words() != "" || c.Is(33, 0) || c.Has(33) || c.Pressed() != nil {
		t.Error("no combination is one")
	}
}
