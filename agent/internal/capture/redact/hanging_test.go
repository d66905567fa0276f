package redact

import (
	"strings"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// TestHanging types with a pause after each key: what means something only with the next word is held back until then.
func TestHanging(t *testing.T) {
	for text, secret := range map[string]string{
		"I met Mark White today.\n":                            "Mark",
		"I live at 12 Baker Street, London SW1A 1AA ok.\n":     "12 Baker",
		"she was born on 12 March 1984 in town\n":              "12 March",
		"he is 46 years old now\n":                             "46",
		"ask Mr. Brown about it\n":                             "Mr.",
		"My name is Rosamund Achterberg and I wait for you.\n": "Rosamund",
	} {
		r := newRedactor(t)
		var out []Event
		for _, k := range keys(text) {
			out = append(out, r.Apply(raw.Wrap(textStep(t, 7, []raw.Key{k})))...)
		}
		got := strings.ReplaceAll(nets(append(out, r.Flush()...)), "\n", "")
		if strings.Contains(got, secret) || !strings.Contains(got, "<") {
			t.Errorf("%q became %q", text, got)
		}
	}
}
