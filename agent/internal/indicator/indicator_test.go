package indicator

import (
	"bytes"
	"testing"
)

// States differ in the form of the mark: a person who sees no colours must tell them apart.
func TestStatesDifferInForm(t *testing.T) {
	forms := map[string][]byte{}
	for _, state := range []string{"recording", "paused", "off", "excluded", "blind"} {
		s := shapeOf(state)
		form := make([]byte, 0, side*side)
		for y := range side {
			for x := range side {
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
		for other, f := range forms {
			differ := 0
			for i := range f {
				if f[i] != form[i] {
					differ++
				}
			}
			if differ < side*side/10 {
				t.Errorf("%s and %s differ in %d of %d pixels only", state, other, differ, side*side)
			}
		}
		if n := bytes.Count(form, []byte(" ")); n < 20 || n > side*side*3/4 {
			t.Errorf("%s: %d pixels lie outside of the form", state, n)
		}
		forms[state] = form
	}
	if shapeOf("a state of tomorrow") != triangle {
		t.Error("an unknown state does not warn")
	}
}

func TestLabelIsInert(t *testing.T) {
	if got := label("not\x1b[31m agreed:\n Slack\u202e"); got != "not [31m agreed: Slack" {
		t.Errorf("label = %q", got)
	}
	if got := label(string(bytes.Repeat([]byte("x"), 1<<20))); len(got) != most {
		t.Errorf("a long label has %d characters", len(got))
	}
	if draw(Face{State: "paused"}).w != side {
		t.Error("without words there is room for a label")
	}
	with := draw(Face{State: "paused", Words: "paused by you"})
	white := 0
	for i := 0; i < len(with.pix); i += 4 {
		if with.pix[i] == 0xff && with.pix[i+1] == 0xff && with.pix[i+2] == 0xff {
			white++
		}
	}
	if white < 60 {
		t.Errorf("the words have %d pixels", white)
	}
}
