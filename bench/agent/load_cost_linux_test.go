package agent

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/e2e/chaos"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/byleave/byleave/proto/envelope/payload"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// screen is where the editor stands: it fills a screen of 1920x1080 but for a panel.
var screen = image.Rect(0, 30, 1920, 1080)

// TestLoads measures what the agent costs under each load, and then, in the same run on a desktop of the same kind, what the peers cost
// that bench/peers/record.sh could build. The peers run together: each is counted by its own processes' time.
func TestLoads(t *testing.T) {
	ours := map[string]cost{}
	wire := agentLoads(t, ours)
	peers := peerLoads(t)
	var figures []report.Figure
	row := func(what, unit string, goal float64, name string, of func(cost) float64) {
		f := report.Figure{What: name + ": " + what, Value: of(ours[name]), Unit: unit, Goal: goal, Better: report.Lower, Peers: map[string]float64{}}
		for peer, costs := range peers {
			if c, ok := costs[name]; ok {
				f.Peers[peer] = of(c)
			}
		}
		figures = append(figures, f)
	}
	for _, l := range someLoads() {
		goal := goals[l.name]
		row("CPU of one core", "%", goal.cpu, l.name, func(c cost) float64 { return 100 * c.cpu.Seconds() / c.took.Seconds() })
		row("CPU in an hour", "s", goal.cpu*36, l.name, func(c cost) float64 { return 3600 * c.cpu.Seconds() / c.took.Seconds() })
		row("wake-ups of all threads", "/s", goal.wakes, l.name, func(c cost) float64 { return float64(c.wakes) / c.took.Seconds() })
		row("memory (RSS, median of each second; of several processes PSS)", "MB", 50, l.name, func(c cost) float64 { return float64(c.memory) / 1e6 })
		row("written to disk in an hour", "MB", goal.written, l.name, func(c cost) float64 { return 3600 * float64(c.written) / 1e6 / c.took.Seconds() })
		if joules := ours[l.name].joules; joules > 0 {
			figures = append(figures, report.Figure{What: l.name + ": power of the whole processor (RAPL)", Value: joules / ours[l.name].took.Seconds(), Unit: "W", Goal: 15, Better: report.Lower})
		}
	}
	write(t, "agent", append(figures, wire...))
}

// goals are what the table is held to. Wake-ups and bytes on the disk have a budget while nothing happens; under a load theirs are bounds
// that only a loop would pass, beside which the peers' stand.
var goals = map[string]struct{ cpu, wakes, written float64 }{
	"idle":      {0.005, 0.1, 1},
	"typing":    {1.5, 1000, 100},
	"clicking":  {2, 1000, 100},
	"scrolling": {2, 1000, 100},
	"video":     {4, 1000, 100},
	"working":   {2, 1000, 100},
}

// agentLoads measures the agent under each load, and what of the last one goes over the wire.
func agentLoads(t *testing.T, into map[string]cost) []report.Figure {
	var net *chaos.Proxy
	ctx, s := open(t, stage.Options{Proxy: func(collector string) (addr string, err error) {
		net, err = chaos.Start(collector, 1)
		return net.Addr(), err
	}})
	t.Cleanup(func() { check(t, net.Close()) })
	check(t, s.Give(ctx, "all"))
	agent, err := s.RunAgent()
	check(t, err)
	t.Cleanup(func() { check(t, agent.Stop()) })
	p, w := atEditor(ctx, t, s.Desk)
	check(t, s.Until(ctx, "recording", func(st stage.Status) bool { return st.State == "recording" }))
	var figures []report.Figure
	for _, l := range someLoads() {
		sent := flush(ctx, t, s)
		rest(ctx, t, length()/4) // what comes of the last load is over
		up, down := net.Bytes()
		d := length()
		if l.name == "working" {
			d *= 2 // two boxes say more of the padding than one
		}
		acts := 0
		into[l.name] = measure(ctx, t, []int{agent.Pid}, func() { acts = p.plays(ctx, t, w, l, d) })
		status := read(t, fmt.Sprintf("/proc/%d/status", agent.Pid))
		t.Logf("%s: memory %.1f MB in the median, %.1f MB at most", l.name, float64(into[l.name].memory)/1e6, float64(into[l.name].peak)/1e6)
		t.Logf("%s: memory of its own %d kB, pictures shared with the X server %d kB, files %d kB", l.name, number(status, "RssAnon:"), number(status, "RssShmem:"), number(status, "RssFile:"))
		if l.name != "working" {
			continue
		}
		boxes := flush(ctx, t, s) - sent
		nowUp, nowDown := net.Bytes()
		hours := d.Hours()
		t.Logf("working: %.0f actions an hour, %d boxes", float64(acts)/hours, boxes)
		figures = append(figures,
			report.Figure{What: "working: actions", Value: float64(acts) / hours, Unit: "/h", Goal: 900, Better: report.Higher},
			report.Figure{What: "working: on the wire in an hour, padding and TLS counted", Value: float64(nowUp-up+nowDown-down) / 1e6 / hours, Unit: "MB", Goal: 8, Better: report.Lower,
				Peers: map[string]float64{"screenpipe, stored, by its own word": 37}})
	}
	return append(figures, events(t, s)...)
}

// flush seals what is open, waits until all is sent, goes on, and tells how many boxes were sent by now.
func flush(ctx context.Context, t *testing.T, s *stage.Stage) (sent int) {
	t.Helper()
	return flushThen(ctx, t, s, 0, func(stage.Status) {})
}

// flushThen is flush, waits for at least so many boxes, and looks at the agent while it pauses and has nothing to send.
func flushThen(ctx context.Context, t *testing.T, s *stage.Stage, least int, look func(stage.Status)) (sent int) {
	t.Helper()
	var last stage.Status
	_, err := s.Byleave(ctx, "pause")
	check(t, err)
	check(t, s.Until(ctx, "everything to be sent", func(st stage.Status) bool {
		last, sent = st, st.Spool.Sent
		return st.State == "paused" && st.Spool.Held == 0 && sent >= least
	}))
	look(last)
	_, err = s.Byleave(ctx, "resume")
	check(t, err)
	check(t, s.Until(ctx, "recording again", func(st stage.Status) bool { return st.State == "recording" }))
	return sent
}

// events is how much smaller the event log of all boxes became: what a reader gets, without the pictures, as protobuf and as lines of JSON, beside
// what is sealed. Others count from JSON.
func events(t *testing.T, s *stage.Stage) []report.Figure {
	t.Helper()
	boxes, err := s.Boxes()
	check(t, err)
	keys := sealing(t)
	before, lines, after, n, dump := 0, 0, 0, 0, os.Getenv("BYLEAVE_DUMP")
	for i, b := range boxes {
		lean := new(pb.Payload)
		packed, err := payload.Pack(b.Payload)
		check(t, err)
		check(t, proto.Unmarshal(packed, lean))
		full := proto.CloneOf(b.Payload)
		full.Frames = nil
		for _, f := range lean.Frames {
			f.Image = nil
		}
		plain, err := proto.Marshal(full)
		check(t, err)
		short, err := proto.Marshal(lean)
		check(t, err)
		_, compressed, err := seal.Counted(keys, short)
		check(t, err)
		before, after, n = before+len(plain), after+compressed, n+len(full.Events)
		for _, e := range full.Events {
			line, err := protojson.Marshal(e)
			check(t, err)
			lines += len(line) + 1
		}
		if dump != "" {
			b, err := proto.Marshal(b.Payload)
			check(t, err)
			check(t, os.WriteFile(filepath.Join(dump, fmt.Sprintf("%d.payload", i)), b, 0o600))
		}
	}
	t.Logf("event log: %d events in %d boxes, %d bytes of protobuf, %d of JSON, %d sealed", n, len(boxes), before, lines, after)
	smaller := func(than string, whole int, peers map[string]float64) report.Figure {
		return report.Figure{What: "event log: smaller than its " + than, Value: 100 * (1 - float64(after)/float64(max(whole, 1))), Unit: "%", Goal: 92, Better: report.Higher, Peers: peers}
	}
	return []report.Figure{smaller("protobuf bytes", before, nil), smaller("lines of JSON", lines, map[string]float64{"OWAMcap, by its own word": 80})}
}

// open makes a desktop and a stage on it.
func open(t *testing.T, opt stage.Options) (context.Context, *stage.Stage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Minute)
	t.Cleanup(cancel)
	d, err := desktop.Start(ctx, desktop.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, d.Close()) })
	opt.Bin, err = filepath.Abs("../../bin")
	check(t, err)
	s, err := stage.Open(ctx, d, opt)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return ctx, s
}

// atEditor opens a long text in an editor that fills the screen, and a person before it.
func atEditor(ctx context.Context, t *testing.T, d *desktop.Desktop) (*person, uint32) {
	t.Helper()
	text := filepath.Join(d.Dir(), "notes.txt")
	check(t, os.WriteFile(text, []byte(strings.Repeat("The quick brown fox jumps over the lazy dog; it asks for twelve more.\n\tSecond line, indented.\n\n", 200)), 0o600))
	check(t, d.Own(text))
	editor, err := d.Start("editor", "/usr/bin/mousepad", text)
	check(t, err)
	w, err := d.WaitWindow(ctx, "the editor", desktop.OfProcess(editor.Pid))
	check(t, err)
	check(t, d.Place(ctx, w.ID, screen))
	check(t, d.Focus(ctx, w.ID))
	hand, err := d.Hand()
	check(t, err)
	t.Cleanup(hand.Close)
	return &person{hand: hand, display: d.Display(), area: screen}, w.ID
}

// plays is play, with a video beside it if the load has one.
func (p *person) plays(ctx context.Context, t *testing.T, window uint32, l load, d time.Duration) (acts int) {
	t.Helper()
	if l.video {
		stop := video(t, p.display, window)
		defer stop()
	}
	return p.play(ctx, t, l, d)
}

// video paints 640x360 pixels of the window anew, 24 times a second, as a player in a page does.
func video(t *testing.T, display string, window uint32) (stop func()) {
	t.Helper()
	x, err := xgb.NewConnDisplay(display)
	check(t, err)
	gc, err := xproto.NewGcontextId(x)
	check(t, err)
	check(t, xproto.CreateGCChecked(x, gc, xproto.Drawable(window), 0, nil).Check())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second / 24)
		defer tick.Stop()
		for n := uint32(1); ctx.Err() == nil; n++ {
			for part := range uint32(6) {
				xproto.ChangeGC(x, gc, xproto.GcForeground, []uint32{(n*0x10305 + part*0x2f1b07) & 0xffffff})
				xproto.PolyFillRectangle(x, xproto.Drawable(window), gc, []xproto.Rectangle{{X: 900 + int16(part%3)*213, Y: 500 + int16(part/3)*180, Width: 213, Height: 180}})
			}
			<-tick.C
		}
	}()
	return func() { cancel(); <-done; x.Close() }
}
