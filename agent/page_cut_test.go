package main

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"github.com/spf13/cobra"
)

// agentRuns starts the real agent, without a desktop, on the person's folder.
func (p *person) agentRuns() {
	p.t.Helper()
	home, err := homeDir()
	must(p.t, err)
	socket, err := socketPath()
	must(p.t, err)
	ctx, stop := context.WithCancel(p.t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- flow.Run(ctx, flow.Config{Home: home, Socket: socket, Hold: time.Hour, Log: slog.New(slog.DiscardHandler), Ready: func() { close(ready) }})
	}()
	p.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		p.t.Fatal(err)
	}
}

// agreed has a person who agreed to both applications of the template, and whose recording can be sealed anew.
func agreed(t *testing.T) (*person, *recording) {
	t.Helper()
	p := newPerson(t)
	p.publish(nil)
	p.agree(map[string]policy.Classes{"editor": classes(policy.Pointer, policy.Hotkeys, policy.Text, policy.Frames), "files": classes(policy.Pointer, policy.Frames)})
	return p, p.record()
}

func (p *person) mine() *mine {
	p.t.Helper()
	cmd := &cobra.Command{}
	cmd.SetContext(p.t.Context())
	m, err := openMine(cmd, []byte(passphrase))
	must(p.t, err)
	return m
}

// held are the payloads that wait, in the order in which things were done.
func (m *mine) held(t *testing.T, places ...spool.Place) (out []*pb.Payload) {
	t.Helper()
	found, err := m.found()
	must(t, err)
	for _, f := range found {
		if slices.Contains(places, f.Place) {
			p, err := m.open(f)
			must(t, err)
			out = append(out, p)
		}
	}
	return out
}

// bytesOf are the files of the spool that hold boxes, by name.
func (r *recording) bytesOf() map[string]string {
	r.t.Helper()
	out := map[string]string{}
	for _, end := range []string{"*.box", "*.sent", "*.next", "*.tmp", "quarantine/*"} {
		names, err := filepath.Glob(filepath.Join(r.dir, end))
		must(r.p.t, err)
		for _, n := range names {
			b, err := os.ReadFile(n)
			must(r.p.t, err)
			out[filepath.Base(n)] = string(b)
		}
	}
	return out
}

// TestForgetAppTakesOutThatAlone: what had not left loses the application's actions and pictures, and nothing else; of what was sent
// whole boxes go and are asked back. Recording is off all the while.
func TestForgetAppTakesOutThatAlone(t *testing.T) {
	p, r := agreed(t)
	names := r.workday(time.Now().AddDate(0, 0, -1)) // three sent of the editor, three held that both share
	alone := payload(time.Now().Add(-20*time.Hour), 8)
	add(alone, 1, &pb.Action{Kind: pb.Kind_KIND_SCROLL, Window: window("files", "Invoices"), At: &pb.Point{X: 1, Y: 1}, ScrollY: 1})
	kept := r.box(alone, false)
	p.agentRuns()
	before := r.bytesOf()
	if _, err := byleave(t, "forget", "--app", "Solitaire"); err == nil || !strings.Contains(err.Error(), "there are: editor, files") {
		t.Errorf("an application that nobody knows: %v", err)
	}
	out, err := byleave(t, "forget", "--app", "editor")
	must(t, err)
	if !strings.Contains(out, "in 3 boxes") || !strings.Contains(out, "Destroyed on this computer: 3 boxes") || !strings.Contains(out, "asked until it does") {
		t.Errorf("it says %q", out)
	}
	m, after := p.mine(), r.bytesOf()
	held := m.held(t, spool.Waiting)
	if len(held) != 4 || len(m.held(t, spool.Copy)) != 0 || after[kept] != before[kept] {
		t.Fatalf("%d boxes held", len(held))
	}
	for _, pl := range held {
		if strings.Contains(pl.String(), "editor") || strings.Contains(pl.String(), "quarter") || !strings.Contains(pl.String(), "Invoices") {
			t.Errorf("what is left: %v", pl)
		}
	}
	for _, n := range names {
		if _, there := after[n]; there {
			t.Errorf("the old bytes of %s are there", n)
		}
	}
	due, err := p.keys.Erasures()
	must(t, err)
	asked := 0
	for _, b := range due {
		asked += strings.Count(string(b), `"named":true`)
	}
	if asked == 0 {
		t.Error("the collector is not asked for what was sent")
	}
	if out, err = byleave(t, "forget", "--app", "editor"); err != nil || !strings.Contains(out, "in 0 boxes") {
		t.Errorf("a second time: %q %v", out, err)
	}
}

// TestForgetBatch destroys one box by its id, held or sent, and leaves its neighbours bit by bit.
func TestForgetBatch(t *testing.T) {
	p, r := agreed(t)
	names := r.workday(time.Now().AddDate(0, 0, -1))
	p.agentRuns()
	before := r.bytesOf()
	id := func(i int) string { return strings.TrimSuffix(names[i][17:], filepath.Ext(names[i])) }
	cmd := command()
	cmd.SetArgs([]string{"forget", "--batch", id(1)[:12], "--batch", id(4)})
	must(t, cmd.ExecuteContext(t.Context()))
	after := r.bytesOf()
	for i, n := range names {
		if gone := i == 1 || i == 4; gone != (after[n] == "") || !gone && after[n] != before[n] {
			t.Errorf("box %d: there %v", i, after[n] != "")
		}
	}
	for _, args := range [][]string{{"--batch", "zz"}, {"--batch", ""}, {"--app", "editor", "--batch", "aa"}, {"--app", "editor", "--all"}} {
		cmd := command()
		cmd.SetArgs(append([]string{"forget"}, args...))
		if err := cmd.ExecuteContext(t.Context()); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

// TestI13CutOfABox: what the person takes out is nowhere on the disk any more, not even for their own key; the rest is, the chain
// accounts for the number, and export-mine holds the whole of it.
func TestI13CutOfABox(t *testing.T) {
	p, r := agreed(t)
	pl := payload(time.Now().Add(-time.Hour), 3)
	add(pl, 1, typed("editor", "harbour", "the pelican and the walrus"))
	add(pl, 4, typed("editor", "harbour", "nothing to see"))
	name := r.box(pl, false)
	r.box(payload2(), false)
	p.agentRuns()
	m := p.mine()
	found, err := m.found()
	must(t, err)
	whole, err := m.cut(t.Context(), found[0], func(*pb.Payload) (redact.Cut, error) {
		return redact.Cut{Words: []string{"pelican"}, Texts: map[int]string{1: "card 4111 1111 1111 1111"}}, nil
	})
	must(t, err)
	if whole {
		t.Fatal("it went whole")
	}
	if r.bytesOf()[name] != "" {
		t.Error("the old box is there")
	}
	var text string
	for _, pl := range m.held(t, spool.Waiting, spool.Copy, spool.Aside) {
		text += pl.String()
	}
	if strings.Contains(text, "pelican") || strings.Contains(text, "4111") || !strings.Contains(text, "walrus") || !strings.Contains(text, "<CARD#") || !strings.Contains(text, "neighbour") {
		t.Errorf("what opens: %s", text)
	}
	_, err = m.found()
	must(t, err)
	stones := m.look.Tombstones()
	if len(stones) != 1 || stones[0].Sequence != 1 || stones[0].Verify(m.id.Device, m.id.Verify()) != nil {
		t.Errorf("tombstones: %v", stones)
	}
	if found, err = m.found(); err != nil || len(found) != 2 {
		t.Fatalf("%d boxes, %v", len(found), err)
	}
	i := slices.IndexFunc(found, func(f spool.Found) bool { return f.Sequence == 3 })
	if whole, err = m.cut(t.Context(), found[i], func(*pb.Payload) (redact.Cut, error) { return redact.Cut{Events: []int{0, 1}}, nil }); err != nil || !whole {
		t.Errorf("everything is cut out of a box: %v %v", whole, err)
	}
	if held := m.held(t, spool.Waiting); len(held) != 1 || !strings.Contains(held[0].String(), "neighbour") {
		t.Error("the neighbour went along")
	}
}

func payload2() *pb.Payload {
	p := payload(time.Now().Add(-30*time.Minute), 3)
	add(p, 1, typed("editor", "harbour", "the neighbour"))
	return p
}

// TestTaskNeedsRecording: while nothing is recorded a task is refused, with the reason, and nothing of it is kept.
func TestTaskNeedsRecording(t *testing.T) {
	p, r := agreed(t)
	p.agentRuns()
	for _, args := range [][]string{{"task", "start", "book the train"}, {"task", "done"}, {"task", "fail"}} {
		cmd := command()
		cmd.SetArgs(args)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing is recorded now") {
			t.Errorf("%v: %v", args, err)
		}
	}
	if n := len(r.bytesOf()); n != 0 {
		t.Errorf("%d boxes", n)
	}
	if words, err := taskWords("pay 4111 1111 1111 1111 to  jane.roe@example.org"); err != nil || words != "pay <CARD> to <EMAIL>" {
		t.Errorf("what leaves the command: %q %v", words, err)
	}
}

// TestI21ForgetAllAfterACut: after everything is forgotten no file of the person's folder opens with the key that opened it before: not
// the boxes, not what stood in for one that was cut, not what a cut was in the middle of. What a copy of before holds does not open with
// the key that is there now.
func TestI21ForgetAllAfterACut(t *testing.T) {
	p, r := agreed(t)
	r.workday(time.Now().AddDate(0, 0, -1))
	name := r.box(payload2(), false)
	p.agentRuns()
	m := p.mine()
	before := m.read
	found, err := m.found()
	must(t, err)
	for _, f := range found {
		if f.Place == spool.Waiting {
			_, err := m.cut(t.Context(), f, func(*pb.Payload) (redact.Cut, error) { return redact.Cut{Words: []string{"neighbour", "quarter"}}, nil })
			must(t, err)
		}
	}
	if r.bytesOf()[name] != "" || strings.Contains(m.held(t, spool.Waiting)[3].String(), "the neighbour") {
		t.Fatal("it was not cut")
	}
	backup := filepath.Join(t.TempDir(), "backup")
	must(t, os.CopyFS(backup, os.DirFS(r.dir)))
	done, err := m.forgetAll(t.Context(), []byte("zebra meadow lantern"))
	must(t, err)
	if !done.All || done.Recovery == "" {
		t.Fatalf("%+v", done)
	}
	opens := func(dir string, with ...rights.Reader) (n int) {
		must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return nil // it was a socket
			}
			box, err := envelope.Parse(raw)
			if err != nil {
				return nil
			}
			for _, read := range with {
				if _, err := read.Open(raw, box.Header().Batch, box.Header().Sequence); err == nil {
					n++
				}
			}
			return nil
		}))
		return n
	}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	now, err := openMine(cmd, []byte("zebra meadow lantern"))
	must(t, err)
	if n := opens(filepath.Dir(r.dir), before, now.read); n != 0 {
		t.Errorf("%d boxes still open", n)
	}
	if n := opens(backup, now.read); n != 0 {
		t.Errorf("%d boxes of the backup open with the new key", n)
	}
	if n := opens(backup, before); n != 7 {
		t.Errorf("the search finds %d boxes in the backup: it proves nothing", n)
	}
}
