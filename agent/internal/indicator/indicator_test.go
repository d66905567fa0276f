package indicator

import (
	"bytes"
	"testing"
)

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
