package ask

import (
	"io"
	"strings"
	"testing"
)

// TestBearer: for - a line is taken from the input, of which nothing else is read, and it stands in no error; else it is taken as it stands.
func TestBearer(t *testing.T) {
	for _, c := range []struct {
		given, input, want string
		bad                bool
	}{
		{given: "byleave://a", input: "byleave://b\n", want: "byleave://a"},
		{given: "-", input: "byleave://b\r\npassphrase\n", want: "byleave://b"},
		{given: "-", input: "byleave://b", want: "byleave://b"},
		{given: "-", input: "", bad: true},
		{given: "-", input: strings.Repeat("x", 2000) + "\n", bad: true},
	} {
		got, err := Bearer(t.Context(), c.given, "?", strings.NewReader(c.input), io.Discard)
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%.12q: %q, %v", c.input, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "xxx") {
			t.Error("the error has the line in it")
		}
	}
}
