package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/byleave/byleave/proto/pb"
	_ "modernc.org/sqlite" // reads the collector's index beside the collector
)

// witness notes, from outside the programs, which boxes lay in the spool at any time: what was seen there was durable.
type witness struct {
	mu   sync.Mutex
	seen map[string]string // batch id: the last suffix seen
	stop context.CancelFunc
	done chan struct{}
}

func watch(ctx context.Context, spool string) *witness {
	ctx, cancel := context.WithCancel(ctx)
	w := &witness{seen: map[string]string{}, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for tick := time.NewTicker(2 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			w.look(spool)
		}
	}()
	return w
}

func (w *witness) look(spool string) {
	entries, err := os.ReadDir(spool)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range entries {
		name, suffix, _ := strings.Cut(e.Name(), ".")
		if _, batch, ok := strings.Cut(name, "-"); ok && (suffix == "box" || suffix == "sent") {
			w.seen[batch] = suffix
		}
	}
}

func (w *witness) count(suffix string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.seen {
		if suffix == "" || s == suffix {
			n++
		}
	}
	return n
}

func (w *witness) boxes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.seen))
}

// TestKilledAtTenPlaces ends the agent or the collector with SIGKILL at ten places of the flow. Every box that was ever seen in the
// spool arrives exactly once, in one chain; time that was lost is at most a minute and shown as a gap.
func TestKilledAtTenPlaces(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent, editor := record(ctx, t, s)
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	area, err := s.Desk.Geometry(editor.ID)
	check(t, err)
	w := watch(ctx, filepath.Join(s.Home, "spool"))
	defer func() { w.stop(); <-w.done }()
	pack := func() int64 { return size(t, filepath.Join(s.Data(), "packs")) }

	killAgent := func() { check(t, agent.Kill()) }
	killCollector := func() { check(t, s.KillCollector()) }
	cut := func() { // a pause seals what is open
		_, err := s.Byleave(ctx, "pause")
		check(t, err)
	}
	until := func(what string, cond func() bool) { t.Helper(); check(t, desktop.Until(ctx, what, cond)) }
	boxes, sent, packed := 0, 0, int64(0)
	places := []struct {
		name string
		do   func()
	}{
		{"agent, events in RAM", killAgent},
		{"agent, a box just sealed", func() { cut(); until("a box", func() bool { return w.count("") > boxes }); killAgent() }},
		{"agent, a box just acknowledged", func() { cut(); until("an ack", func() bool { return w.count("sent") > sent }); killAgent() }},
		{"agent, the collector away", func() {
			killCollector()
			cut()
			until("a box", func() bool { return w.count("") > boxes })
			killAgent()
		}},
		{"agent, just after a pause", func() { cut(); killAgent() }},
		{"collector, nothing under way", killCollector},
		{"collector, a box just sealed", func() { cut(); until("a box", func() bool { return w.count("") > boxes }); killCollector() }},
		{"collector, bytes just written", func() { cut(); until("bytes", func() bool { return pack() > packed }); killCollector() }},
		{"collector, a box just acknowledged", func() { cut(); until("an ack", func() bool { return w.count("sent") > sent }); killCollector() }},
		{"both, the box under way", func() { cut(); killCollector(); killAgent() }},
	}
	var kills []kill
	for i, p := range places {
		boxes, sent, packed = w.count(""), w.count("sent"), pack()
		check(t, s.Desk.Focus(ctx, editor.ID))
		k := kill{place: p.name, x: area.Min.X + 200 + 20*i} // each place has a click of its own
		awayFromEdges()
		k.clicked = time.Now()
		check(t, hand.Click(k.x, area.Min.Y+200))
		k.done = time.Now()
		awayFromEdges()
		p.do()
		k.at = time.Now()
		if !s.Serving() {
			check(t, s.Serve(ctx))
		}
		if !agent.Running() {
			k.agent = true
			k.sealed = newest(t, filepath.Join(s.Home, "spool"))
			k.restart = time.Now()
			agent = run(t, s)
			check(t, s.Until(ctx, "the agent again", func(stage.Status) bool { return true }))
			k.again = time.Now()
		}
		kills = append(kills, k)
		_, err := s.Byleave(ctx, "resume")
		check(t, err)
		check(t, s.Until(ctx, "recording again after: "+p.name, recording))
	}
	cut()
	check(t, s.Until(ctx, "everything to be sent", func(st stage.Status) bool { return st.Spool.Held == 0 }))
	w.look(filepath.Join(s.Home, "spool"))
	arrived := index(t, filepath.Join(s.Data(), "index.db"))
	for _, b := range w.boxes() {
		if arrived[b] == 0 {
			t.Errorf("box %s was durable on the device and never arrived", b)
		}
	}
	chain := slices.Sorted(maps.Values(arrived))
	for i, n := range chain {
		if n != int64(i+1) {
			t.Fatalf("the chain has a hole or a double: %v", chain)
		}
	}
	t.Logf("%d boxes, 0 lost, 0 doubled", len(chain))
	opened, err := s.Boxes()
	check(t, err)
	checkLost(t, kills, opened)
}

// kill is one place at which a program was ended, and what a witness outside saw of it.
type kill struct {
	place          string
	x              int // where the person clicked before
	agent          bool
	clicked, done  time.Time // the click was made between these
	at             time.Time
	sealed         time.Time // when the newest box that lay in the spool after the kill was sealed; zero if there was none
	restart, again time.Time // the agent was started between these
}

// newest is when the newest box of the spool was sealed: acks rename a file and do not touch its time.
func newest(t *testing.T, spool string) (at time.Time) {
	t.Helper()
	entries, err := os.ReadDir(spool)
	check(t, err)
	for _, e := range entries {
		info, err := e.Info()
		check(t, err)
		if suffix := filepath.Ext(e.Name()); (suffix == ".box" || suffix == ".sent") && info.ModTime().After(at) {
			at = info.ModTime()
		}
	}
	return at
}

// checkLost compares what the witness saw with what the boxes hold. What was clicked is in a box once, or lies in a gap that says so and is
// at most a minute older than the kill; a kill of the collector costs nothing.
func checkLost(t *testing.T, kills []kill, boxes []stage.Box) {
	t.Helper()
	clicks := clicked(boxes)
	var lost []stage.Gap
	for _, b := range boxes {
		for _, g := range b.Gaps() {
			if g.Reason == pb.Reason_REASON_LOST {
				lost = append(lost, g)
			}
		}
	}
	var groups [][]kill // agents that were killed before they sealed anything are told together, as one gap
	for _, k := range kills {
		last := len(groups) - 1
		switch {
		case clicks[k.x] > 1 || !k.agent && clicks[k.x] == 0 && !unseen(boxes, k.clicked, k.done):
			t.Errorf("%s: the click is there %d times: %v", k.place, clicks[k.x], clicks)
		case !k.agent:
		case last >= 0 && groups[last][0].sealed.Equal(k.sealed):
			groups[last] = append(groups[last], k)
		default:
			groups = append(groups, []kill{k})
		}
	}
	if len(lost) != len(groups) {
		t.Fatalf("%d gaps tell of a loss, want %d: %v", len(lost), len(groups), lost)
	}
	missing := 0
	for i, g := range groups {
		checkGap(t, g, lost[i])
		for _, k := range g {
			if clicks[k.x] == 1 || unseen(boxes, k.clicked, k.done) {
				continue
			}
			missing++
			if k.clicked.Before(lost[i].From) {
				t.Errorf("%s: the click of %v is in no box, and the gap begins only at %v", k.place, k.clicked, lost[i].From)
			}
			if old := k.at.Sub(k.clicked); old > time.Minute {
				t.Errorf("%s: %v of activity are missing", k.place, old)
			}
		}
	}
	if missing == 0 {
		t.Error("no kill lost anything: the kills missed")
	}
	t.Logf("%d kills of the agent in %d gaps; %d of %d clicks lost, each less than a minute old", len(slices.Concat(groups...)), len(groups), missing, len(kills))
}

// clicked is how often a click stands in the boxes, by its column of the screen.
func clicked(boxes []stage.Box) map[int]int {
	clicks := map[int]int{}
	for _, b := range boxes {
		for _, e := range b.Payload.GetEvents() {
			if a := e.GetAction(); a.GetKind() == pb.Kind_KIND_CLICK {
				clicks[int(a.GetWindow().GetCanvas().GetX()+a.GetAt().GetX())]++
			}
		}
	}
	return clicks
}

// checkGap checks the length of a gap: from the newest box that survived to the restart, rounded outwards to seconds.
func checkGap(t *testing.T, group []kill, g stage.Gap) {
	t.Helper()
	first, last := group[0], group[len(group)-1]
	if first.sealed.IsZero() { // nothing was ever sealed: the session's own mark, in whole minutes, is all that is known
		if g.From.After(first.clicked) || first.clicked.Sub(g.From) > 2*time.Minute {
			t.Errorf("%s: the gap begins at %v, the click was at %v", first.place, g.From, first.clicked)
		}
	} else if d := first.sealed.Sub(g.From); d < 0 || d >= time.Second {
		t.Errorf("%s: the gap begins %v before the newest box that survived", first.place, d)
	}
	if g.Until.Before(last.restart) || g.Until.After(last.again.Add(time.Second)) {
		t.Errorf("%s: the gap ends at %v, the restart was between %v and %v", last.place, g.Until, last.restart, last.again)
	}
}

// index reads which batch arrived as which number of the device's chain. The primary key makes a double impossible; a number twice
// would be one.
func index(t *testing.T, file string) map[string]int64 {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	check(t, err)
	defer db.Close()
	rows, err := db.Query("SELECT batch, sequence FROM batches")
	check(t, err)
	defer rows.Close()
	arrived := map[string]int64{}
	for rows.Next() {
		var batch []byte
		var n int64
		check(t, rows.Scan(&batch, &n))
		arrived[fmt.Sprintf("%x", batch)] = n
	}
	check(t, rows.Err())
	return arrived
}

func size(t *testing.T, dir string) (n int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		info, err := e.Info()
		check(t, err)
		n += info.Size()
	}
	return n
}
