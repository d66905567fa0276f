package deposit

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/google/go-cmp/cmp"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestJudge walks each reason to keep a record out, alone.
func TestJudge(t *testing.T) {
	r := store.Record{Batch: store.ID{1}, Subject: store.ID{2}, Device: store.ID{3}, Consent: store.ID{4}, Policy: [32]byte{5}, Purpose: "train", Digest: [32]byte{6}}
	key := [2]store.ID{r.Device, r.Consent}
	for name, c := range map[string]struct {
		change func(Facts, *store.Standing)
		want   store.Outcome
	}{
		"nothing speaks against it":   {func(Facts, *store.Standing) {}, store.Stored},
		"not enrolled":                {func(_ Facts, s *store.Standing) { s.Enrolled = false }, store.UnknownDevice},
		"another person's device":     {func(_ Facts, s *store.Standing) { s.Subject[0]++ }, store.UnknownDevice},
		"stored":                      {func(f Facts, _ *store.Standing) { f.Stored[r.Batch] = r.Digest[:] }, store.Duplicate},
		"stored with other bytes":     {func(f Facts, _ *store.Standing) { f.Stored[r.Batch] = make([]byte, 32) }, store.Conflict},
		"erased":                      {func(f Facts, _ *store.Standing) { f.Erased[[2]store.ID{r.Subject, r.Batch}] = true }, store.WasErased},
		"erased by somebody else":     {func(f Facts, _ *store.Standing) { f.Erased[[2]store.ID{{9}, r.Batch}] = true }, store.Stored},
		"no such consent":             {func(_ Facts, s *store.Standing) { s.Known = false }, store.NoConsent},
		"withdrawn":                   {func(_ Facts, s *store.Standing) { s.Withdrawn = true }, store.Withdrawn},
		"stored, and withdrawn since": {func(f Facts, s *store.Standing) { f.Stored[r.Batch], s.Withdrawn = r.Digest[:], true }, store.Duplicate},
		"another policy":              {func(_ Facts, s *store.Standing) { s.Policy[0]++ }, store.Mismatch},
		"another purpose":             {func(_ Facts, s *store.Standing) { s.Purpose = "rate" }, store.Mismatch},
	} {
		f := NewFacts()
		st := store.Standing{Enrolled: true, Subject: r.Subject, Known: true, Policy: r.Policy, Purpose: r.Purpose}
		c.change(f, &st)
		f.Standing[key] = st
		if got := f.Judge(&r); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := NewFacts().Judge(&r); got != store.UnknownDevice {
		t.Errorf("of whom nothing is known: %d", got)
	}
	other := r
	other.Digest[0]++
	f := NewFacts()
	f.Standing[key] = store.Standing{Enrolled: true, Subject: r.Subject, Known: true, Policy: r.Policy, Purpose: r.Purpose}
	out, fresh := f.JudgeGroup([]store.Record{r, other, r})
	if !slices.Equal(out, []store.Outcome{store.Stored, store.Conflict, store.Duplicate}) || !slices.Equal(fresh, []int{0}) {
		t.Errorf("twins: %v, %v", out, fresh)
	}
}

// TestCapsules: they open with the key, the box and the bytes that they were sealed with, and with nothing else; moved to another key, with
// that one alone.
func TestCapsules(t *testing.T) {
	k, next := Epoch{1, [32]byte{1}}, Epoch{2, [32]byte{2}}
	r := store.Record{Batch: store.ID{1}, Digest: [32]byte{2}}
	w, err := NewWrapper(k)
	must(t, err)
	room := []byte("room")
	whole, shred, err := w.SealCapsules(room, r.Batch, r.Digest, []byte("capsules"))
	must(t, err)
	if string(whole[:len(room)]) != "room" || len(whole) != len(room)+len("capsules")+SealedMore {
		t.Fatalf("%d bytes", len(whole))
	}
	sealed := whole[len(room):]
	opens := func(k Epoch, r store.Record, sealed, shred []byte) bool {
		got, err := OpenCapsules(k, r, sealed, shred)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			t.Error(err)
		}
		return err == nil && string(got) == "capsules"
	}
	otherBatch, otherDigest := r, r
	otherBatch.Batch[0]++
	otherDigest.Digest[0]++
	if !opens(k, r, sealed, shred) || opens(next, r, sealed, shred) || opens(Epoch{2, k.Key}, r, sealed, shred) || opens(k, otherBatch, sealed, shred) ||
		opens(k, otherDigest, sealed, shred) || opens(k, r, sealed[1:], shred) || opens(k, r, sealed, shred[1:]) || opens(k, r, sealed, nil) {
		t.Fatal("capsules open with what they were not sealed with, or not at all")
	}
	m, err := NewMove(k, next)
	must(t, err)
	moved, ok := m.Shred(r.Batch, shred)
	if !ok || !opens(next, r, sealed, moved) || opens(k, r, sealed, moved) {
		t.Fatal("the move went wrong")
	}
	if _, ok := m.Shred(r.Batch, moved); ok {
		t.Fatal("what was moved is moved again")
	}
}

// FuzzIntent: an erasure is read as it was written, or said to be none.
func FuzzIntent(f *testing.F) {
	e := store.Erasure{ID: store.ID{1}, Subject: store.ID{2}, Batches: []store.ID{{3}}, At: time.Unix(100, 0).UTC(), Salt: [32]byte{4}}
	good, err := EncodeIntent(e)
	if err != nil {
		f.Fatal(err)
	}
	if got, ok := DecodeIntent(e.ID, good); !ok || !cmp.Equal(got, e) {
		f.Fatalf("%+v became %+v", e, got)
	}
	f.Add(good)
	f.Add(good[:len(good)-2])
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, ok := DecodeIntent(e.ID, raw)
		if !ok {
			return
		}
		body, err := EncodeIntent(e)
		must(t, err)
		if again, ok := DecodeIntent(e.ID, body); !ok || !cmp.Equal(again, e) {
			t.Fatalf("%+v became %+v", e, again)
		}
	})
}

// TestDecode: what is written is read, and a changed byte is noticed.
func TestDecode(t *testing.T) {
	r := store.Record{Batch: store.ID{1}, Head: []byte("head"), Payload: []byte("payload")}
	h := Head(r.Batch, r.Head, r.Payload)
	raw := slices.Concat(h[:], r.Head, r.Payload)
	head, payload, err := Decode(raw, r.Batch, 4)
	if err != nil || !bytes.Equal(head, r.Head) || !bytes.Equal(payload, r.Payload) {
		t.Fatalf("%q %q %v", head, payload, err)
	}
	for i := range raw {
		raw[i] ^= 1
		if _, _, err := Decode(raw, r.Batch, 4); !errors.Is(err, store.ErrDamaged) {
			t.Fatalf("byte %d was changed: %v", i, err)
		}
		raw[i] ^= 1
	}
	for _, c := range []struct {
		raw  []byte
		head int64
	}{{raw[:len(raw)-1], 4}, {raw[:10], 0}, {nil, 0}, {raw, -1}, {raw, 12}, {raw, 1 << 62}} {
		if _, _, err := Decode(c.raw, r.Batch, c.head); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%d bytes, head %d: %v", len(c.raw), c.head, err)
		}
	}
	if _, _, err := Decode(raw, store.ID{2}, 4); !errors.Is(err, store.ErrDamaged) {
		t.Error("another box's record:", err)
	}
}
