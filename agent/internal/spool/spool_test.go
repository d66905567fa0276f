package spool

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

func TestAppendRefuses(t *testing.T) {
	s, r := mustOpen(t, newDisk())
	if !r.Lost.IsZero() {
		t.Errorf("a new spool lost something: %+v", r)
	}
	if err := s.Append(redact.Event{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("zero event: %v", err)
	}
	if err := s.Append(gap(1)); !errors.Is(err, ErrNoConsent) {
		t.Errorf("no keys: %v", err)
	}
	k := testKeys(consentA)
	k.Vault = k.Person
	if err := s.Use(k); err == nil {
		t.Error("one key for vault and person was accepted")
	}
	if err := s.Append(gap(1)); !errors.Is(err, ErrNoConsent) {
		t.Errorf("unusable keys: %v", err)
	}
	must(t, s.Close())
	must(t, s.Close())
	if err := s.Append(gap(1)); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestChain: sequence and previous go on over cuts, restarts, retention of every file and another consent.
func TestChain(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	var last envelope.Box
	check := func(b envelope.Box) {
		t.Helper()
		if h := b.Header(); h.Sequence != last.Header().Sequence+1 || h.Previous != last.Digest() {
			t.Fatalf("box %d does not follow box %d", h.Sequence, last.Header().Sequence)
		}
		last = b
	}
	check(cutOne(t, s, 1))
	check(cutOne(t, s, 2))
	must(t, s.Close())
	s = mustStart(t, d)
	check(cutOne(t, s, 3))
	must(t, s.Use(testKeys(consentB)))
	check(cutOne(t, s, 4))
	for _, e := range s.held {
		must(t, s.Sent(e.batch))
		break
	}
	for len(s.held) > 0 {
		must(t, s.Sent(s.held[0].batch))
	}
	if n, err := s.Prune(time.Now().Add(time.Hour), 0, 0); n != 4 || err != nil {
		t.Fatalf("pruned %d, %v", n, err)
	}
	// An unclean end, with no box left: only the mark knows.
	s = mustStart(t, wrap(d.CrashClone(vfs.CrashCloneCfg{})))
	check(cutOne(t, s, 5))

	other := testKeys(consentA)
	other.Device = [16]byte{77}
	must(t, s.Use(other))
	if h := cutOne(t, s, 6).Header(); h.Sequence != 1 || h.Previous != [32]byte{} {
		t.Errorf("a new enrolment is linked to the old one: sequence %d", h.Sequence)
	}
}

// TestBatching: many events become boxes of at most 256 KiB of payload, and every event is in exactly one, in order.
func TestBatching(t *testing.T) {
	s := mustStart(t, newDisk())
	const n = 12_000
	for i := range n {
		must(t, s.Append(gap(i)))
	}
	if d := time.Until(s.Deadline()); d <= maxActivity || d > maxSilence {
		t.Errorf("gaps alone are sealed in %v", d)
	}
	must(t, s.Cut())
	if !s.Deadline().IsZero() {
		t.Error("a deadline without an open batch")
	}
	if len(s.held) < 2 {
		t.Fatalf("%d boxes", len(s.held))
	}
	i := 0
	for e, err := range s.Boxes() {
		must(t, err)
		b, err := e.Box()
		must(t, err)
		p := openBox(t, b)
		for _, ev := range p.GetEvents() {
			if at := p.GetStartedAt() + ev.GetAtMs(); at != gap(i).At().UnixMilli() {
				t.Fatalf("event %d is at %d", i, at)
			}
			i++
		}
		if !bytes.Equal(p.GetSession(), bytes.Join([][]byte{{6}, make([]byte, 15)}, nil)) || p.GetRedactor() != "1-test" {
			t.Error("the payload does not tell its session")
		}
	}
	if i != n {
		t.Errorf("%d of %d events", i, n)
	}
	if st := s.Stats(); st.Raw > int64(len(s.held))*maxBytes || st.Compressed >= st.Raw || st.Padded < st.Compressed || st.Events != n {
		t.Errorf("stats %+v", st)
	}
}

func frame(size int, fill byte) *pb.Frame {
	image := bytes.Repeat([]byte{fill}, size)
	sum := sha256.Sum256(image)
	return &pb.Frame{Sha256: sum[:], Format: "png", Image: image}
}

func click(at time.Duration, before, after *pb.Frame) item {
	it := item{at: epoch.Add(at), until: epoch.Add(at), action: &pb.Action{Kind: pb.Kind_KIND_CLICK}, frames: []*pb.Frame{before, after}}
	it.action.Before, it.action.After = &pb.FrameRef{Sha256: before.GetSha256()}, &pb.FrameRef{Sha256: after.GetSha256()}
	return it
}

func TestBatchBounds(t *testing.T) {
	now := time.Now()
	small, other := frame(1000, 1), frame(2000, 2)
	var b batch
	b.add(item{at: epoch, until: epoch}, now)
	b.add(click(0, small, other), now)
	if b.deadline != now.Add(maxActivity) {
		t.Errorf("an action beside a gap is sealed after %v", b.deadline.Sub(now))
	}
	b = batch{}
	b.add(click(0, small, other), now)
	b.add(click(time.Second, other, small), now)
	if len(b.frames) != 2 {
		t.Errorf("%d frames for two pictures", len(b.frames))
	}
	if !b.takes(click(maxActivity, small, other), now) || b.takes(click(maxActivity+time.Second, small, other), now) {
		t.Error("a batch must end at 60 s of activity")
	}
	if b.takes(click(0, small, small), now.Add(maxActivity)) {
		t.Error("a batch must end at its deadline")
	}
	if b.takes(click(0, frame(maxBytes, 3), small), now) {
		t.Error("a batch must end at 256 KiB")
	}
	payload, err := b.payload(testKeys(consentA))
	must(t, err)
	if len(payload) > b.size {
		t.Errorf("a payload of %d bytes was counted as %d", len(payload), b.size)
	}
}

// TestOversize: an event that fits into no box loses its frames, later one first; one that cannot be encoded becomes a gap.
func TestOversize(t *testing.T) {
	small, big := frame(1000, 1), frame(maxEvent, 2)
	if it := click(0, small, big).fit(); len(it.frames) != 1 || it.action.GetAfter().GetWithheld() == "" || it.action.GetBefore().GetWithheld() != "" {
		t.Error("the large later frame should be withheld, the earlier one kept")
	}
	if it := click(0, big, small).fit(); len(it.frames) != 0 || it.action == nil {
		t.Error("with a large earlier frame both should be withheld and the action kept")
	}
	bad := click(0, small, small)
	bad.action.Hotkey = "\xff"
	if it := bad.fit(); it.action != nil || it.gap != pb.Reason_REASON_BLIND {
		t.Error("what cannot be encoded should become a gap")
	}
	original := click(0, small, big)
	original.fit()
	if original.action.GetAfter().GetWithheld() != "" || len(original.frames) != 2 {
		t.Error("the event's own action was changed")
	}
}

// TestHold: nothing leaves before its hold has passed, and a clock that ran ahead cannot hold a box for ever.
func TestHold(t *testing.T) {
	s := mustStart(t, newDisk())
	first := cutOne(t, s, 1)
	cutOne(t, s, 2)
	now := time.Now()
	if _, ok := s.Next(now, time.Hour); ok {
		t.Error("a box left within its hold")
	}
	if b, ok := s.Next(now.Add(time.Hour), time.Hour); !ok || b.Digest() != first.Digest() {
		t.Error("the oldest box should be next")
	}
	inFlight := func(batch, _ envelope.ID) bool { return batch == first.Header().Batch }
	if b, ok := s.NextExcept(now.Add(time.Hour), time.Hour, inFlight); !ok || b.Header().Sequence != 2 {
		t.Error("a box in flight should be passed over")
	}
	s.held[0].at = now.Add(1000 * time.Hour)
	if _, ok := s.Next(now, time.Hour); ok {
		t.Error("a box from the future left at once")
	}
	if _, ok := s.Next(now.Add(time.Hour), time.Hour); !ok {
		t.Error("a box from the future is held for ever")
	}
	if err := s.Sent(envelope.ID{9}); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown id: %v", err)
	}
}

// TestLost: the time of an unclean end is reported until an agent ends cleanly or cuts after it.
func TestLost(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	cutOne(t, s, 1)
	must(t, s.Append(gap(2)))
	after := time.Now()
	crash := func() *disk { return wrap(d.CrashClone(vfs.CrashCloneCfg{})) }
	d = crash()
	_, r := mustOpen(t, d)
	if r.Lost.IsZero() || r.Lost.From.After(after) || r.Lost.Until.Before(r.Lost.From) {
		t.Fatalf("lost %+v", r.Lost)
	}
	from := r.Lost.From
	d = crash()
	s, r = mustOpen(t, d)
	if !r.Lost.From.Equal(from) {
		t.Errorf("died before its gap was durable: now from %v, was %v", r.Lost.From, from)
	}
	must(t, s.Use(testKeys(consentA)))
	must(t, s.Append(redact.NewGap(r.Lost.From, r.Lost.Until, policy.Lost)))
	must(t, s.Close())
	if _, r = mustOpen(t, d); !r.Lost.IsZero() {
		t.Errorf("a clean end is reported as lost: %+v", r.Lost)
	}
}

// TestFolder: modes on a real disk, as any user.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home", "spool")
	s, _, err := Open(OS(), dir, quiet)
	must(t, err)
	must(t, s.Use(testKeys(consentA)))
	cutOne(t, s, 1)
	if _, _, err := Open(OS(), dir, quiet); !errors.Is(err, ErrBusy) {
		t.Errorf("a second agent got in: %v", err)
	}
	must(t, s.Quarantine(s.held[0].batch, "refused"))
	cutOne(t, s, 2)
	err = filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", filepath.Base(p), info.Mode())
		}
		return err
	})
	must(t, err)
	must(t, s.Close())
	for _, mode := range []os.FileMode{0o750, 0o701, 0o755} {
		must(t, os.Chmod(dir, mode))
		if _, _, err := Open(OS(), dir, quiet); !errors.Is(err, ErrOpenToOthers) {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	must(t, os.Chmod(dir, 0o700))
	s, r, err := Open(OS(), dir, quiet)
	must(t, err)
	if r.Held != 1 || r.Quarantined != 1 || !r.Lost.IsZero() {
		t.Errorf("report %+v", r)
	}
	must(t, s.Close())
}
