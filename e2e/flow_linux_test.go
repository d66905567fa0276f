package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/byleave/byleave/proto/pb"
)

// step is one line of an exported trajectory, as far as tests ask.
type step struct {
	Kind, Application, Title, Hotkey, Reason string
	Text                                     *string
	At                                       *struct{ X, Y int }
	Before, After                            *struct{ File, Proof, Withheld string }
	Count                                    int
	Seconds                                  int64
}

// export exports everything and reads it back.
func export(t *testing.T, s *stage.Stage) (dir string, steps []step) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "export")
	out, err := s.Export(t.Context(), dir)
	check(t, err)
	t.Log(strings.TrimSpace(out))
	files, err := filepath.Glob(filepath.Join(dir, "trajectories", "*.jsonl"))
	check(t, err)
	for _, name := range files {
		f, err := os.Open(name)
		check(t, err)
		sc := bufio.NewScanner(f)
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			var st step
			check(t, json.Unmarshal(sc.Bytes(), &st))
			steps = append(steps, st)
		}
		check(t, sc.Err())
		check(t, f.Close())
	}
	return dir, steps
}

// pauseSealsAll pauses, waits until everything is sent, and resumes.
func pauseSealsAll(t *testing.T, s *stage.Stage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := s.Byleave(ctx, "pause")
	check(t, err)
	check(t, s.Until(ctx, "everything to be sent", func(st stage.Status) bool { return st.State == "paused" && st.Spool.Held == 0 && st.Spool.Sent > 0 }))
}

// typed types words until they are recorded, each time sealed by a pause and sent if a collector is there, and goes on recording. A program that a busy machine keeps from answering
// for 2 s gives no text, because it may show a password field; a person would type it again.
func typed(ctx context.Context, t *testing.T, s *stage.Stage, hand *desktop.Hand, words string) {
	t.Helper()
	person, err := canary.PersonKey(s.Recovery)
	check(t, err)
	var plain []string // words that redaction leaves
	for _, w := range strings.Fields(words) {
		if !strings.ContainsAny(w, "0123456789") {
			plain = append(plain, w)
		}
	}
	check(t, desktop.Until(ctx, "what was typed", func() bool {
		awayFromEdges()
		check(t, hand.Type(ctx, words, 15*time.Millisecond))
		awayFromEdges()
		_, err := s.Byleave(ctx, "pause")
		check(t, err)
		soon, cancel := context.WithTimeout(ctx, 10*time.Second) // then it is typed again, which does no harm
		defer cancel()
		missing := desktop.Until(soon, "what was typed to be sealed", func() bool {
			text, _ := opensHere(t, filepath.Join(s.Home, "spool"), person)
			return holds(text, plain...)
		})
		check(t, s.Until(ctx, "everything to be sent", func(st stage.Status) bool {
			return st.State == "paused" && (st.Spool.Held == 0 || !s.Serving())
		}))
		_, err = s.Byleave(ctx, "resume")
		check(t, err)
		check(t, s.Until(ctx, "recording", recording))
		return missing == nil
	}))
}

// unseen tells whether the boxes say that nothing could be seen at some time between: what a busy agent takes too late is nobody's.
func unseen(boxes []stage.Box, from, until time.Time) bool {
	return slices.ContainsFunc(boxes, func(b stage.Box) bool {
		return slices.ContainsFunc(b.Gaps(), func(g stage.Gap) bool {
			return g.Reason == pb.Reason_REASON_BLIND && !g.From.After(until) && !g.Until.Before(from)
		})
	})
}

// clicker clicks, away from edges, and counts the clicks that boxes must hold.
type clicker struct {
	hand *desktop.Hand
	made [][2]time.Time // each between these
}

func (c *clicker) click(t *testing.T, x, y int) {
	t.Helper()
	awayFromEdges()
	before := time.Now()
	check(t, c.hand.Click(x, y))
	c.made = append(c.made, [2]time.Time{before, time.Now()})
	awayFromEdges()
}

// seen is how many of the clicks the boxes do not call unseen: one at least, or nothing is tested.
func (c *clicker) seen(t *testing.T, s *stage.Stage) (n int) {
	t.Helper()
	boxes, err := s.Boxes()
	check(t, err)
	for _, at := range c.made {
		if !unseen(boxes, at[0], at[1]) {
			n++
		}
	}
	if n == 0 {
		t.Errorf("the agent says that it saw none of %d clicks", len(c.made))
	}
	return n
}

// TestFlow: what a person does in the consented editor comes out of an export, redacted and with frames; what they do elsewhere does not.
func TestFlow(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	_, editor := record(ctx, t, s)
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	box, err := s.Desk.Geometry(editor.ID)
	check(t, err)

	mouse := clicker{hand: hand}
	mouse.click(t, box.Min.X+200, box.Min.Y+200)
	typed(ctx, t, s, hand, "pay 4111 1111 1111 1111 by friday ")
	mouse.click(t, box.Min.X+220, box.Min.Y+210)

	p, err := s.Desk.Start("other", "/usr/bin/xterm", "-geometry", "60x10+900+700", "-e", "sleep 600")
	check(t, err)
	other, err := s.Desk.WaitWindow(ctx, "the other program", desktop.OfProcess(p.Pid))
	check(t, err)
	check(t, s.Desk.Focus(ctx, other.ID))
	check(t, s.Until(ctx, "not recording", func(st stage.Status) bool { return st.State != "recording" }))
	check(t, hand.Type(ctx, "zebra quagga okapi", 15*time.Millisecond))
	awayFromEdges()
	pauseSealsAll(t, s)

	dir, steps := export(t, s)
	var clicks, texts int
	for _, st := range steps {
		t.Logf("%+v", st)
		switch st.Kind {
		case "click":
			clicks++
			if st.Application != stage.App || st.At == nil {
				t.Errorf("a click without a place: %+v", st)
			}
		case "text":
			if st.Text == nil { // of a try of typed to which the editor answered too late
				continue
			}
			texts++
			if strings.Contains(*st.Text, "1111") || !strings.Contains(*st.Text, "<CARD#1>") || !strings.HasPrefix(*st.Text, "pay ") {
				t.Errorf("text %q", *st.Text)
			}
		}
		for _, f := range []*struct{ File, Proof, Withheld string }{st.Before, st.After} {
			if f != nil && f.File != "" {
				decode(t, filepath.Join(dir, f.File))
			}
		}
	}
	if want := mouse.seen(t, s); clicks != want || texts == 0 {
		t.Errorf("%d clicks and %d texts, want %d and one", clicks, texts, want)
	}
}

func decode(t *testing.T, name string) {
	t.Helper()
	f, err := os.Open(name)
	check(t, err)
	defer f.Close()
	_, err = png.Decode(f)
	check(t, err)
}

// awayFromEdges lets time pass between an act and an edge of a permit: what is nearer than the gate's band of 250 ms is not recorded, and frames settle
// meanwhile. Acts and edges are judged at the times at which the display and the agent stamp them, so that load makes this distance longer and
// never shorter. What the agent takes too late is not recorded either, see unseen, and typed text needs an answer of its program, see typed.
func awayFromEdges() { <-time.After(1200 * time.Millisecond) }
