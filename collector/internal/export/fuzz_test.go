package export

import "testing"

// FuzzFingerprint: a fingerprint is read from exactly 64 hex digits, and comes back.
func FuzzFingerprint(f *testing.F) {
	f.Add("00")
	f.Add("0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef")
	f.Add("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0")
	f.Add("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg")
	f.Fuzz(func(t *testing.T, text string) {
		var fp Fingerprint
		if fp.UnmarshalText([]byte(text)) != nil {
			return
		}
		again, err := fp.MarshalText()
		var same Fingerprint
		if err != nil || len(text) != 64 || same.UnmarshalText(again) != nil || same != fp {
			t.Errorf("%q became %q: %v", text, again, err)
		}
	})
}
