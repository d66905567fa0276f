//go:build unix

package main

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ingest"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// publish signs the template with a version and so many days, and publishes it.
func publish(t *testing.T, dir, version, days string) {
	t.Helper()
	out, err := exec.Command("byleave-collector", "policy", "new").Output()
	must(t, err)
	text, err := fillPolicy(string(out), version)
	must(t, err)
	at := strings.Index(text, `"retention_days"`)
	if at < 0 {
		t.Fatal("the template says not how long boxes are kept:", text)
	}
	end := at + strings.IndexAny(text[at:], ",\n")
	text = text[:at] + `"retention_days": ` + days + text[end:]
	plain, signed := filepath.Join(t.TempDir(), "p.json"), filepath.Join(t.TempDir(), "p.signed")
	must(t, os.WriteFile(plain, []byte(text), 0o600))
	for _, args := range [][]string{{"policy", "sign", "--key", home(dir).path(policyKeyName), plain, "--out", signed}, {"policy", "set", "--dir", dir, signed}} {
		if out, err := exec.Command("byleave-collector", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// TestRetention: a box is destroyed when the time is over that the policy said under which it was sealed, also if that is the newest no more, and not
// before. A clock that leaps destroys nothing until it was believed.
func TestRetention(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	h := home(dir)
	pub, err := h.policyPublic()
	must(t, err)
	publish(t, dir, "1", "30")
	r := startCollector(t, dir)
	log := slog.New(slog.DiscardHandler)
	policies := ingest.OpenPolicy(h.path(policyName), pub, log, time.Now)
	first := policies.Policy().Digest()
	publish(t, dir, "2", "400")
	if policies.Policy().Digest() == first {
		t.Fatal("the second policy is the first")
	}
	s := newSender(t, dir, r.addr)
	var batches []store.ID
	for _, digest := range [][32]byte{first, policies.Policy().Digest()} {
		s.seal.Policy = digest
		s.seal.Consent[0]++
		s.consent(t, r.addr)
		box, err := seal.Seal(s.seal, make([]byte, 100))
		must(t, err)
		s.seal.Sequence++
		batch := box.Header().Batch
		if got := s.send(t, r.addr, map[string][]byte{"": box.Bytes()}); got[string(batch[:])] != pb.Outcome_OUTCOME_STORED {
			t.Fatal(got)
		}
		batches = append(batches, store.ID(batch))
	}
	// A collector that serves looks through its boxes: it leaves the clock by which it did.
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(h.path(clockName)); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a collector that serves does not look for boxes whose time is over")
		}
	}
	r.kill(t)
	st, _, err := embed.Open(t.Context(), dir, log)
	must(t, err)
	defer func() { must(t, st.Close()) }()
	must(t, os.Remove(h.path(clockName)))
	now := time.Now()
	keep := &retention{home: h, terms: policies.Terms, expire: st.Expire, began: now.Add(-2 * clockTrust), log: log}
	there := func(want ...bool) {
		t.Helper()
		for i, b := range batches {
			if _, err := st.Read(context.Background(), b); (err == nil) != want[i] {
				t.Fatalf("box %d: %v, want it there: %v", i, err, want[i])
			}
		}
	}
	day := 24 * time.Hour
	must(t, keep.pass(t.Context(), now.Add(40*day))) // the first time a clock is seen it is noted
	there(true, true)
	must(t, os.Remove(h.path(clockName)))
	must(t, keep.pass(t.Context(), now))
	must(t, keep.pass(t.Context(), now.Add(30*day)))
	there(true, true)
	keep.began = time.Now()
	if err := keep.pass(t.Context(), now.Add(39*day)); err == nil || !strings.Contains(err.Error(), "9 days ahead") {
		t.Fatal("a clock that leapt is believed:", err)
	}
	there(true, true)
	keep.began = now.Add(-2 * clockTrust)
	must(t, keep.pass(t.Context(), now.Add(39*day)))
	there(false, true)
	must(t, keep.pass(t.Context(), now.Add(402*day)))
	there(false, false)
}
