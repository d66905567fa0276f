package agent

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/e2e/stage"
)

// rounds is how often the person pauses: fifty for the record, a few in `make test`, which only proves that it measures.
func rounds() int {
	if os.Getenv("BYLEAVE_BENCH") != "" {
		return 50
	}
	return 3
}

// gesture is one pause: the request left at sent, the agent had answered at answered, and the person resumed at resumed.
type gesture struct{ sent, answered, resumed time.Time }

// TestPause measures how late an event can still come out after the person paused, while somebody types and clicks as fast as the X
// server takes it. Boxes tell times in steps of 100 ms, so that is how exact the first figure is.
func TestPause(t *testing.T) {
	ctx, s, _ := scene(t)
	var made []gesture
	for n := range rounds() {
		made = append(made, pauseWhileTyping(ctx, t, s, n))
	}
	boxes, err := s.Boxes()
	check(t, err)
	latest, events := late(made, boxes)
	if events < rounds() {
		t.Fatalf("only %d events came out of %d rounds: nothing was measured", events, rounds())
	}
	var answer time.Duration
	for _, g := range made {
		answer = max(answer, g.answered.Sub(g.sent))
	}
	t.Logf("%d pauses, %d events in %d boxes", len(made), events, len(boxes))
	write(t, "pause", []report.Figure{
		{What: "pause: last event in any opened box, after the gesture", Value: ms(latest), Unit: "ms", Goal: 100, Better: report.Lower},
		{What: "pause: slowest answer, durable on disk", Value: ms(answer), Unit: "ms", Goal: 100, Better: report.Lower},
	})
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// pauseWhileTyping pauses in the middle of typing and clicking, waits for the box, and resumes.
func pauseWhileTyping(ctx context.Context, t *testing.T, s *stage.Stage, n int) (g gesture) {
	t.Helper()
	typing, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- rush(typing, s) }()
	rest(ctx, t, 900*time.Millisecond+time.Duration(n*37%400)*time.Millisecond) // longer than the bands of both edges, at no fixed phase
	g.sent = time.Now()
	check(t, ask(ctx, s, "pause", `{"until":"0001-01-01T00:00:00Z"}`))
	g.answered = time.Now()
	rest(ctx, t, 400*time.Millisecond) // it goes on into the pause
	stop()
	check(t, <-done)
	check(t, s.Until(ctx, "the box to be sent", func(st stage.Status) bool { return st.State == "paused" && st.Spool.Held == 0 && st.Spool.Sent > n }))
	g.resumed = time.Now()
	_, err := s.Byleave(ctx, "resume")
	check(t, err)
	check(t, s.Until(ctx, "recording", func(st stage.Status) bool { return st.State == "recording" }))
	return g
}

// rush types and clicks without a rest until ctx ends. Each click stands too far from the last to be a double one, so that each is an
// event of its own with its own time.
func rush(ctx context.Context, s *stage.Stage) error {
	hand, err := s.Desk.Hand()
	if err != nil {
		return err
	}
	defer hand.Close()
	for i := 0; ctx.Err() == nil; i++ {
		if err := hand.Type(ctx, "ab ", time.Millisecond); err != nil && ctx.Err() == nil {
			return err
		}
		if err := hand.Click(300+i%40*20, 300+i%7*30); err != nil {
			return err
		}
	}
	return nil
}

// late is the greatest time from a gesture to the end of an event that came out of the same round, and how many came out in all.
func late(made []gesture, boxes []stage.Box) (latest time.Duration, events int) {
	latest = -time.Hour
	for _, b := range boxes {
		for _, e := range b.Payload.GetEvents() {
			if e.GetAction() == nil {
				continue
			}
			events++
			at := time.UnixMilli(b.Payload.GetStartedAt() + e.GetAtMs())
			for _, g := range made {
				if at.Before(g.resumed) {
					latest = max(latest, at.Add(time.Duration(e.GetAction().GetDurationMs())*time.Millisecond).Sub(g.sent))
					break
				}
			}
		}
	}
	return latest, events
}

// ask sends one request to the agent's socket: what `byleave pause` sends, without the time that a new process takes.
func ask(ctx context.Context, s *stage.Stage, verb, body string) error {
	socket := filepath.Join(s.Home, "run", "control.sock")
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent/"+verb, strings.NewReader(body))
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: the agent answered %s", verb, res.Status)
	}
	return nil
}
