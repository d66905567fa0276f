package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

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

// TestWordsAreExplainedWhereTheyAreAsked: whoever is asked for words is told what each means, what is not understood names the words that are asked for and no
// others, and what would be agreed to is said in words.
func TestWordsAreExplainedWhereTheyAreAsked(t *testing.T) {
	p := newPerson(t)
	p.publish(func(m map[string]any) {
		m["classes"] = []string{"DATA_CLASS_POINTER", "DATA_CLASS_FRAMES", "DATA_CLASS_TEXT"}
	})
	d, err := openDevice()
	must(t, err)
	var out strings.Builder
	typed := "y\nelements\npointer Frames\ntext\n\n\nall\n7\nYes\n" // files: nothing, and no text
	iv := interview{in: bufio.NewReader(strings.NewReader(typed)), out: &out, now: time.Now()}
	c, err := iv.choose(d.newest, preset{})
	must(t, err)
	if want := classes(policy.Pointer, policy.Frames, policy.Text); len(c.Grants) != 1 || c.Grants["editor"] != want {
		t.Errorf("%v was agreed to, want %v in the editor", c.Grants, want)
	}
	asked, agreed, _ := strings.Cut(out.String(), "You would agree to:")
	_, asked, _ = strings.Cut(asked, "you are not asked again")
	for _, k := range []policy.Class{policy.Pointer, policy.Frames} {
		if !strings.Contains(asked, k.InWords()) || !strings.Contains(agreed, k.InWords()) {
			t.Errorf("what %v means is not said:\n%s", k, out.String())
		}
	}
	if n := strings.Count(asked, "Not understood: type words from: pointer, frames; or nothing at all, or no."); n != 2 || strings.Contains(asked, "hotkeys") {
		t.Errorf("two answers that name nothing that is asked for are answered:\n%s", asked)
	}
	if !strings.Contains(agreed, "Mousepad text editor") || strings.Contains(agreed, "Thunar") {
		t.Errorf("what would be agreed to is called:\n%s", agreed)
	}
}

// TestNoIsNoHoweverItIsWritten: a no ends it and is kept, whatever its letters.
func TestNoIsNoHoweverItIsWritten(t *testing.T) {
	for _, no := range []string{"no", "No", "NO", " no "} {
		iv := interview{in: bufio.NewReader(strings.NewReader(no + "\n")), out: io.Discard}
		if _, err := iv.ask("?"); !errors.Is(err, errSaidNo) {
			t.Errorf("%q is no no: %v", no, err)
		}
	}
}
