package code

import (
	"strings"
	"testing"
)

// FuzzDecode: whatever a person types, what is taken is a code, of its own kind and of no other.
func FuzzDecode(f *testing.F) {
	good := Encode("recovery", make([]byte, Size))
	f.Add(good)
	f.Add(strings.ToLower(strings.ReplaceAll(good, "-", " ")))
	f.Add(good[1:])
	f.Add(good + "0")
	f.Add("ß" + good)
	f.Fuzz(func(t *testing.T, text string) {
		secret, err := Decode("recovery", text)
		if err != nil {
			return
		}
		if len(secret) != Size {
			t.Fatalf("%d bytes", len(secret))
		}
		if again, err := Decode("recovery", Encode("recovery", secret)); err != nil || string(again) != string(secret) {
			t.Error("it does not come back")
		}
		if _, err := Decode("receipt", text); err == nil {
			t.Error("a code of one kind is taken for another")
		}
	})
}
