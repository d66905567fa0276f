package tlog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/byleave/byleave/proto/tlog"
	"github.com/byleave/byleave/proto/tlog/tlogtest"
)

var ctx = context.Background()

func leaf(n int) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return sum[:]
}

func fill(l *tlogtest.Log, from, to int) {
	var leaves [][]byte
	for n := from; n < to; n++ {
		leaves = append(leaves, leaf(n))
	}
	l.Append(leaves...)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestProofs: in ledgers of many sizes every leaf is proved where it stands and nowhere else, and every earlier state is a beginning of
// each later one.
func TestProofs(t *testing.T) {
	l := tlogtest.New()
	src := tlogtest.Source{Log: l}
	var seen []tlog.Checkpoint
	size := 0
	for _, next := range []int{0, 1, 2, 3, 7, 255, 256, 257, 511, 512, 700, 65535, 65536, 65793} {
		fill(l, size, next)
		size = next
		at, err := tlog.Fetch(ctx, src, l.Fingerprint(), tlog.Checkpoint{})
		must(t, err)
		if at.Size != uint64(size) {
			t.Fatalf("%d leaves, checkpoint of %d", size, at.Size)
		}
		for _, before := range seen {
			if _, err := tlog.Fetch(ctx, src, l.Fingerprint(), before); err != nil {
				t.Fatalf("%d to %d: %v", before.Size, size, err)
			}
		}
		seen = append(seen, at)
		tree := tlog.NewTree(src, at)
		for place := 0; place < size; place += 1 + size/97 {
			must(t, tree.Includes(ctx, uint64(place), leaf(place)))
			if err := tree.Includes(ctx, uint64(place), leaf(place+1)); !errors.Is(err, tlog.ErrAbsent) {
				t.Fatalf("another leaf is proved: %v", err)
			}
		}
		if err := tree.Includes(ctx, uint64(size), leaf(size)); !errors.Is(err, tlog.ErrAbsent) {
			t.Fatalf("a leaf past the end: %v", err)
		}
		n := 0
		must(t, tlog.Walk(ctx, src, at, func(place uint64, got []byte) error {
			if place != uint64(n) || !bytes.Equal(got, leaf(n)) {
				t.Fatalf("leaf %d: place %d", n, place)
			}
			n++
			return nil
		}))
		if n != size {
			t.Fatalf("walked over %d of %d", n, size)
		}
	}
}

// TestLies: each way of lying has its own answer.
func TestLies(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(*tlogtest.Log)
		want error
	}{
		"grew":                   {func(l *tlogtest.Log) { fill(l, 600, 900) }, nil},
		"the same":               {func(*tlogtest.Log) {}, nil},
		"rolled back":            {func(l *tlogtest.Log) { l.Truncate(1) }, tlog.ErrRolledBack},
		"an older checkpoint":    {func(l *tlogtest.Log) { l.Size = 599 }, tlog.ErrRolledBack},
		"another of equal size":  {func(l *tlogtest.Log) { l.Replace(3, leaf(-1)) }, tlog.ErrForked},
		"rewritten, then longer": {func(l *tlogtest.Log) { l.Replace(3, leaf(-1)); fill(l, 600, 900) }, tlog.ErrForked},
		"a leaf dropped":         {func(l *tlogtest.Log) { l.Truncate(1); fill(l, 600, 900) }, tlog.ErrForked},
		"another key":            {func(l *tlogtest.Log) { l.Key = tlogtest.New().Key }, tlog.ErrKey},
		"tiles cut":              {func(l *tlogtest.Log) { fill(l, 600, 900); l.Cut = 1 }, tlog.ErrBroken},
		"tiles empty":            {func(l *tlogtest.Log) { fill(l, 600, 900); l.Cut = 1 << 20 }, tlog.ErrBroken},
		"a hash of a tile is wrong": {func(l *tlogtest.Log) {
			fill(l, 600, 900)
			l.Edit = func(level, index uint64, tile []byte) {
				if level == 0 && index == 2 {
					tile[0] ^= 1
				}
			}
		}, tlog.ErrForked},
	} {
		t.Run(name, func(t *testing.T) {
			l := tlogtest.New()
			fill(l, 0, 600)
			src, pinned := tlogtest.Source{Log: l}, l.Fingerprint()
			at, err := tlog.Fetch(ctx, src, pinned, tlog.Checkpoint{})
			must(t, err)
			c.lie(l)
			if _, err := tlog.Fetch(ctx, src, pinned, at); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestWalkSeesEveryChange: a leaf that is not the one that was signed for, and bundles that are cut.
func TestWalkSeesEveryChange(t *testing.T) {
	l := tlogtest.New()
	fill(l, 0, 600)
	src := tlogtest.Source{Log: l}
	at, err := tlog.Fetch(ctx, src, l.Fingerprint(), tlog.Checkpoint{})
	must(t, err)
	l.Replace(599, leaf(-1))
	nothing := func(uint64, []byte) error { return nil }
	if err := tlog.Walk(ctx, src, at, nothing); !errors.Is(err, tlog.ErrBroken) {
		t.Fatal(err)
	}
	l.Cut = 1
	if err := tlog.Walk(ctx, src, at, nothing); !errors.Is(err, tlog.ErrBroken) {
		t.Fatal(err)
	}
}

// TestLeavesAreOneShape: whatever a leaf is about, it looks alike, and only its own salt and body make it.
func TestLeavesAreOneShape(t *testing.T) {
	s, other := tlog.SecretOf([32]byte{1}), tlog.SecretOf([32]byte{2})
	digest := sha256.Sum256([]byte("box"))
	leaves := [][32]byte{s.BatchLeaf(digest), other.BatchLeaf(digest), s.ConsentLeaf(digest[:]), s.ErasureLeaf(digest[:16], digest[:]), s.ErasureLeaf(digest[16:], digest[:])}
	for i := range leaves {
		for j := range i {
			if leaves[i] == leaves[j] {
				t.Fatalf("leaves %d and %d are the same", i, j)
			}
		}
	}
	if leaves[0] != s.BatchLeaf(digest) {
		t.Fatal("a leaf cannot be made again")
	}
}

// TestReleaseIsStrict: nothing that is not wholly understood counts as a release.
func TestReleaseIsStrict(t *testing.T) {
	r := tlog.Release{Export: "00112233445566778899aabbccddeeff", Custodian: "Works council\x1b[31m", Purpose: "train", Boxes: 120, Bytes: 3 << 20, Hour: 1764072000}
	body, err := r.Marshal()
	must(t, err)
	got, err := tlog.ParseRelease(body)
	must(t, err)
	want := "In the hour from 25 Nov 2025 12:00 UTC the custodian “Works council?[31m” was given at least 120 boxes (3 MiB) of 10 or more people for the purpose train: whatever had arrived."
	if got.Words() != want {
		t.Fatal(got.Words())
	}
	for _, bad := range []string{"", "{}", `{"kind":"export"}`, string(body[:len(body)-1]) + `,"subject":"x"}`, string(leaf(1))} {
		if _, err := tlog.ParseRelease([]byte(bad)); !errors.Is(err, tlog.ErrRelease) {
			t.Errorf("%q is a release: %v", bad, err)
		}
	}
}
