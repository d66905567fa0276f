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
	for _, p := range places {
		boxes, sent, packed = w.count(""), w.count("sent"), pack()
		check(t, s.Desk.Focus(ctx, editor.ID))
		check(t, hand.Type(ctx, "some words here ", 20*time.Millisecond))
		until("the words to be judged", func() bool { st, err := s.Status(ctx); return err == nil && st.State == "recording" })
		p.do()
		if !s.Serving() {
			check(t, s.Serve(ctx))
		}
		if !agent.Running() {
			agent = run(t, s)
			check(t, s.Until(ctx, "the agent again", func(stage.Status) bool { return true }))
		}
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
