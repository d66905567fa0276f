package e2e

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/proto/code"
)

// TestI20PersonVerifiesAlone: with real processes, everything of an honest collector is proved; an export is told; a collector that rolls
// its ledger back, or that signed an erasure and kept the box, is told apart by the person alone.
func TestI20PersonVerifiesAlone(t *testing.T) {
	ctx, s, invitation := openOperator(t)
	l := newLaptop(t)
	l.enrol(ctx, invitation)
	if r, err := l.verify(ctx); err != nil || !r.OK || len(r.Reads) != 0 {
		t.Fatalf("before anything was agreed to: %+v %v", r, err)
	}
	l.give(ctx)
	for n, text := range []string{"apricot", "banana", "cherry"} {
		l.recorded(time.Now().Add(time.Duration(n-5)*10*time.Minute), text)
	}
	l.start()
	l.sent(ctx, 3)
	r := l.settled(ctx, s)
	said := strings.Join(r.Proved, "\n")
	if !r.OK || !strings.Contains(said, "Consents and withdrawals: 1 proved") || !strings.Contains(said, "Boxes that the collector holds of you: 3 proved") {
		t.Fatalf("%+v", r)
	}
	out, err := s.Export(ctx, filepath.Join(t.TempDir(), "one"))
	check(t, err)
	if !strings.Contains(out, "3 actions") {
		t.Errorf("the export says %q", out)
	}
	r, err = l.verify(ctx)
	if check(t, err); len(r.Reads) != 1 || !r.Reads[0].Proved || r.Reads[0].Boxes != 3 || r.Reads[0].Custodian != "Works council" {
		t.Fatalf("%+v", r.Reads)
	}
	if out, err = s.Collector(ctx, "ledger", "show", "--dir", s.Data()); err != nil || !strings.Contains(out, "“Works council” was given boxes of fewer than 10 people") {
		t.Errorf("%q %v", out, err)
	}
	out, err = s.Collector(ctx, "ledger", "verify", "--dir", s.Data())
	if check(t, err); !strings.Contains(out, "1 export") {
		t.Errorf("%q", out)
	}

	before := filepath.Join(t.TempDir(), "before") // a dishonest collector keeps everything of now
	check(t, s.KillCollector())
	for _, socket := range []string{"health.sock", "operator.sock"} {
		check(t, os.Remove(filepath.Join(s.Data(), socket)))
	}
	check(t, os.CopyFS(before, os.DirFS(s.Data())))
	check(t, s.Serve(ctx))
	_, err = l.run(ctx, "forget", "--last", "35m")
	check(t, err)
	check(t, desktop.Until(ctx, "the signed record", func() bool {
		out, err := l.run(ctx, "forget", "--records")
		return err == nil && strings.Contains(out, "destroyed 1 box")
	}))
	r = l.settled(ctx, s)
	if said := strings.Join(r.Proved, "\n"); !strings.Contains(said, "Erasures: 1 proved") || !strings.Contains(said, "signed to have destroyed: 1;") {
		t.Fatalf("%+v", r)
	}

	swap := func(names ...string) {
		t.Helper()
		check(t, s.KillCollector())
		for _, name := range names {
			check(t, os.RemoveAll(filepath.Join(s.Data(), name)))
			from := filepath.Join(before, name)
			if info, err := os.Stat(from); err == nil && info.IsDir() {
				check(t, os.CopyFS(filepath.Join(s.Data(), name), os.DirFS(from)))
			} else if err == nil {
				b, err := os.ReadFile(from)
				check(t, err)
				check(t, os.WriteFile(filepath.Join(s.Data(), name), b, 0o600))
			}
		}
		check(t, s.Serve(ctx))
	}
	swap("index.db", "index.db-wal", "index.db-shm", "packs", "keys", "erasures")
	lied := func(want string) report {
		t.Helper()
		r, err := l.verify(ctx)
		if err == nil || !strings.Contains(strings.Join(r.Wrong, "\n"), want) {
			t.Fatalf("want %q: %+v %v", want, r, err)
		}
		return r
	}
	lied("The collector signed that it destroyed box")
	lied("no longer knows of the erasure")
	swap("ledger")
	if r := lied("was rolled back"); len(r.Evidence) != 2 {
		t.Errorf("%q", r.Evidence)
	}
	if names, err := filepath.Glob(filepath.Join(l.home, "receipts", "*-ledger-evidence.json")); err != nil || len(names) == 0 {
		t.Error("the evidence was not kept:", err)
	}
	if out, err := s.Collector(ctx, "export", "--key", s.Key(), "--purpose", "computer-use-training", "--out", filepath.Join(t.TempDir(), "two"), "--yes"); err == nil {
		t.Errorf("a custodian exported from a ledger that was rolled back: %s", out)
	}
}

// TestSecondComputerAndLostLaptop: a second computer joins by a code that works once; the collector can neither read nor use what passes;
// no consent is copied; and after both are lost, receipt and recovery code alone bring everything back and erase it, from any machine.
func TestSecondComputerAndLostLaptop(t *testing.T) {
	ctx, s, invitation := openOperator(t)
	first, second, other := newLaptop(t), newLaptop(t), newLaptop(t)
	recovery, receipt := first.enrol(ctx, invitation)
	first.give(ctx)
	first.recorded(time.Now().Add(-time.Hour), "from the first")
	first.start()
	first.sent(ctx, 1)

	out, err := first.run(ctx, "enrol", "--offer", "--passphrase-file", first.secret)
	check(t, err)
	_, offer, _ := strings.Cut(out, "--join '")
	offer, _, _ = strings.Cut(offer, "'")
	if out, err := second.run(ctx, "enrol", "--join", strings.Replace(offer, "&join=", "&join=0", 1), "--passphrase-file", second.secret); err == nil {
		t.Fatalf("a wrong code joined: %s", out)
	}
	_, err = second.run(ctx, "enrol", "--join", offer, "--passphrase-file", second.secret)
	check(t, err)
	if _, err := other.run(ctx, "enrol", "--join", offer, "--passphrase-file", other.secret); err == nil || !strings.Contains(err.Error(), "the code was used") {
		t.Fatalf("a code works twice: %v", err)
	}
	if names, _ := filepath.Glob(filepath.Join(second.home, "*consent*")); len(names) != 0 {
		t.Fatalf("a consent was copied: %v", names)
	}
	if got, err := second.run(ctx, "receipt"); err != nil || strings.TrimSpace(got) != receipt {
		t.Errorf("another receipt: %v", err)
	}
	seed, err := code.Decode("recovery", recovery)
	check(t, err)
	secret, err := code.Decode("join", offer[strings.LastIndex(offer, "=")+1:])
	check(t, err)
	for _, form := range [][]byte{seed, secret, []byte(hex.EncodeToString(seed)), []byte(hex.EncodeToString(secret))} {
		if path := holding(t, s.Data(), form); path != "" {
			t.Errorf("the collector has the secret in %s", path)
		}
	}

	second.give(ctx)
	second.recorded(time.Now().Add(-30*time.Minute), "from the second")
	second.start()
	second.sent(ctx, 1)
	if r := second.settled(ctx, s); !r.OK || !strings.Contains(strings.Join(r.Proved, "\n"), "Boxes that the collector holds of you: 2 proved") {
		t.Fatalf("the second computer does not verify the first one's boxes: %+v", r)
	}
	whole := func(dir string) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
		check(t, err)
		for _, text := range []string{"from the first", "from the second"} {
			if !bytes.Contains(b, []byte(text)) {
				t.Errorf("the export lacks %q", text)
			}
		}
	}
	dir := filepath.Join(t.TempDir(), "mine")
	_, err = second.run(ctx, "export-mine", dir, "--from-collector", "--passphrase-file", second.secret)
	check(t, err)
	whole(dir)

	first.stop()
	second.stop()
	check(t, os.RemoveAll(first.home))
	check(t, os.RemoveAll(second.home))
	paper := filepath.Join(t.TempDir(), "recovery")
	check(t, os.WriteFile(paper, []byte(recovery+"\n"), 0o600))
	dir = filepath.Join(t.TempDir(), "recovered")
	_, err = other.run(ctx, "export-mine", dir, "--receipt", receipt, "--passphrase-file", paper)
	check(t, err)
	whole(dir)
	out, err = other.run(ctx, "forget", "--receipt", receipt)
	if check(t, err); !strings.Contains(out, "2 boxes") {
		t.Errorf("%q", out)
	}
	if r := other.settled(ctx, s, "--receipt", receipt); !r.OK || !strings.Contains(strings.Join(r.Proved, "\n"), "Erasures: 1 proved") {
		t.Fatalf("%+v", r)
	}
	if out, err := other.run(ctx, "export-mine", filepath.Join(t.TempDir(), "again"), "--receipt", receipt, "--passphrase-file", paper); err != nil || !strings.Contains(out, "Wrote 0 boxes") {
		t.Errorf("after the erasure: %q %v", out, err)
	}
}

// holding finds a file below dir that holds b. What is renamed meanwhile, as the collector works, is looked for again.
func holding(t *testing.T, dir string, b []byte) (found string) {
	t.Helper()
	look := func() error {
		return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			body, err := os.ReadFile(path)
			if bytes.Contains(body, b) {
				found = path
			}
			return err
		})
	}
	err := look()
	for range 100 {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		err = look()
	}
	check(t, err)
	return found
}
