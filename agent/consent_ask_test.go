package main

import (
	"bufio"
	"errors"
	"strings"
	"testing"

	"github.com/byleave/byleave/policy"
)

// TestSlipsAreAskedAgain: an answer that cannot be read is asked for again, three times at most, and grants nothing by itself.
func TestSlipsAreAskedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		typed string
		want  error
		asked int
	}{
		"read at once":     {"30\n", nil, 1},
		"read after slips": {"1h\nmany\n30\n", nil, 3},
		"never read":       {"1h\n2h\n3h\n30\n", errDeclined, 3},
		"left":             {"1h\n\n30\n", errDeclined, 2},
		"no":               {"1h\nno\n30\n", errSaidNo, 2},
		"ended":            {"1h\n", errDeclined, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			iv := interview{in: bufio.NewReader(strings.NewReader(c.typed)), out: &out}
			_, err := iv.expires(policy.Policy{}, 0)
			if !errors.Is(err, c.want) || err != nil && c.want == nil {
				t.Errorf("%v, want %v", err, c.want)
			}
			if n := strings.Count(out.String(), "For how many days"); n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
		})
	}
}
