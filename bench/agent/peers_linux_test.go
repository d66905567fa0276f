package agent

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
)

// peerLoads measures the peers that bench/peers/record.sh built, named in BYLEAVE_PEERS as NAME=COMMAND, parted by semicolons. Each command
// gets a folder to write to. The peers keep their recordings to themselves, so what they write is what a person's disk or network would get.
func peerLoads(t *testing.T) map[string]map[string]cost {
	t.Helper()
	list := os.Getenv("BYLEAVE_PEERS")
	if list == "" {
		t.Log("no peers: run make bench-agent")
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	t.Cleanup(cancel)
	opt := desktop.Options{}
	if os.Geteuid() == 0 {
		opt.User = "root" // the peers lie in this checkout, which the plain user of other desktops may not be let into
	}
	d, err := desktop.Start(ctx, opt)
	check(t, err)
	t.Cleanup(func() { check(t, d.Close()) })
	p, w := atEditor(ctx, t, d)
	running := map[string]*desktop.Process{}
	for peer := range strings.SplitSeq(list, ";") {
		name, command, _ := strings.Cut(peer, "=")
		out := filepath.Join(d.Dir(), "peer-"+strings.ReplaceAll(name, " ", "-"))
		check(t, os.Mkdir(out, 0o700))
		check(t, d.Own(out))
		args := append(strings.Fields(command), out)
		started, err := d.Start(filepath.Base(out), args[0], args[1:]...)
		check(t, err)
		running[name] = started
	}
	rest(ctx, t, max(length()/4, 10*time.Second)) // they have started
	costs := map[string]map[string]cost{}
	for name, peer := range running {
		if !peer.Running() {
			said, err := os.ReadFile(peer.Log)
			check(t, err)
			t.Errorf("%s ended by itself: %s", name, said[max(len(said)-2000, 0):])
			delete(running, name)
			continue
		}
		costs[name] = map[string]cost{}
	}
	check(t, d.Focus(ctx, w))
	for _, l := range someLoads() {
		rest(ctx, t, length()/6)
		before := map[string]cost{}
		for name, peer := range running {
			before[name] = sum(t, []int{peer.Pid})
		}
		began := time.Now()
		p.plays(ctx, t, w, l, length())
		took := time.Since(began)
		for name, peer := range running {
			c, was := sum(t, []int{peer.Pid}), before[name]
			c.took, c.cpu, c.wakes, c.written = took, c.cpu-was.cpu, c.wakes-was.wakes, c.written-was.written
			costs[name][l.name] = c
		}
	}
	for name, peer := range running {
		if !peer.Running() {
			t.Errorf("%s ended in the middle: its figures mean nothing", name)
		}
		if err := peer.Kill(); err != nil {
			t.Logf("%s: %v", name, err)
		}
	}
	return costs
}
