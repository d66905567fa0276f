package shape

import (
	"bytes"
	"testing"
)

// States differ in the form alone: a person who sees no colours must tell all seven apart, also on a ground as light as the ink.
func TestStatesDifferInForm(t *testing.T) {
	seen := map[Shape]string{}
	forms := map[string][]byte{}
	for _, state := range []string{"off", "consenting", "recording", "paused", "excluded", "blind", "expired"} {
		s := Of(state)
		if other, ok := seen[s]; ok {
			t.Errorf("%s and %s share a shape", state, other)
		}
		seen[s] = state
		form := formOf(s)
		for other, f := range forms {
			differ := 0
			for i := range f {
				if f[i] != form[i] {
					differ++
				}
			}
			if differ < Side*Side/10 {
				t.Errorf("%s and %s differ in %d of %d pixels only", state, other, differ, Side*Side)
			}
		}
		if n := bytes.Count(form, []byte(" ")); n < 20 || n > Side*Side*3/4 {
			t.Errorf("%s: %d pixels lie outside of the form", state, n)
		}
		forms[state] = form
	}
	if Of("a state of tomorrow") != Triangle {
		t.Error("an unknown state does not warn")
	}
}

func formOf(s Shape) []byte {
	form := make([]byte, 0, Side*Side)
	for y := range Side {
		for x := range Side {
			part, ink := s.inside(x, y)
			switch {
			case !part:
				form = append(form, ' ')
			case ink:
				form = append(form, '#')
			default:
				form = append(form, '.')
			}
		}
	}
	return form
}
