package spool

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// told collects what Forget says may have left.
func told(to *[]envelope.ID) func([]envelope.ID) error {
	return func(ids []envelope.ID) error { *to = append(*to, ids...); return nil }
}

func forget(t *testing.T, s *Spool, from, until int, want Forgotten) []envelope.ID {
	t.Helper()
	var left []envelope.ID
	got, err := s.Forget(gap(from).At(), gap(until).At(), told(&left))
	must(t, err)
	if got.Held != want.Held || got.Sent != want.Sent || got.Open != want.Open {
		t.Fatalf("forgot %+v, want %+v", got, want)
	}
	return left
}

// TestForgetDestroysASpan: held, sent and open alike, the neighbours stay; only what may have left is named.
func TestForgetDestroysASpan(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	boxes := map[int]envelope.Box{}
	for _, n := range []int{0, 100, 200, 300, 400, 500} {
		boxes[n] = cutOne(t, s, n)
	}
	id := func(n int) envelope.ID { return boxes[n].Header().Batch }
	for range 2 { // 0 and 100 are sent, 200 was given out
		b, _ := s.Next(time.Now(), 0)
		must(t, s.Sent(b.Header().Batch))
	}
	s.Next(time.Now(), 0)
	must(t, s.Append(gap(600)))
	left := forget(t, s, 50, 350, Forgotten{Held: 2, Sent: 1})
	if len(left) != 2 || !slices.Contains(left, id(100)) || !slices.Contains(left, id(200)) {
		t.Fatalf("named %x", left)
	}
	have := inFolder(t, d)
	for n := range boxes {
		if _, there := have[id(n)]; there != (n < 50 || n > 350) {
			t.Errorf("box %d: there %v", n, there)
		}
	}
	must(t, s.Sent(id(200))) // the ack of a box that is gone is no trouble
	if err := s.Sent(id(300)); !errors.Is(err, ErrUnknown) {
		t.Fatal("a box that never left was acknowledged:", err)
	}
	if left := forget(t, s, 600, 600, Forgotten{Open: true}); len(left) != 0 {
		t.Fatalf("named %x", left)
	}
	must(t, s.Cut())
	if st := s.Stats(); st.Held != 2 || st.Sent != 1 || st.Destroyed != 3 {
		t.Fatalf("%+v", st)
	}
}

// TestForgetAfterARestart: spans survive, and what the last run may have sent is named.
func TestForgetAfterARestart(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	first, second, third := cutOne(t, s, 0), cutOne(t, s, 100), cutOne(t, s, 200)
	b, _ := s.Next(time.Now(), 0)
	must(t, s.Sent(b.Header().Batch))
	must(t, s.Close())
	s = mustStart(t, d)
	left := forget(t, s, 0, 150, Forgotten{Held: 1, Sent: 1})
	if len(left) != 2 {
		t.Fatalf("named %d boxes: one was sent, and the other may have been", len(left))
	}
	have := inFolder(t, d)
	for i, b := range []envelope.Box{first, second, third} {
		if _, there := have[b.Header().Batch]; there != (i == 2) {
			t.Errorf("box %d: there %v", i, there)
		}
	}
	must(t, s.Close())
	infos, err := d.List("/spool")
	must(t, err)
	spans := 0
	for _, info := range infos {
		if strings.HasSuffix(info.Name, spanSuffix) {
			spans++
		}
	}
	if spans != 1 {
		t.Fatalf("%d spans for one box", spans)
	}
}

// TestForgetKeepsWhatCannotBeNoted: copies of what was sent stay until it is durable that the collector is to be asked.
func TestForgetKeepsWhatCannotBeNoted(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	sent, held := cutOne(t, s, 0), cutOne(t, s, 10)
	must(t, s.Sent(sent.Header().Batch))
	full := errors.New("full")
	if _, err := s.Forget(gap(0).At(), gap(100).At(), func([]envelope.ID) error { return full }); !errors.Is(err, full) {
		t.Fatal(err)
	}
	have := inFolder(t, d)
	if _, there := have[sent.Header().Batch]; !there {
		t.Fatal("a sent copy is gone and nobody knows what to ask the collector for")
	}
	if _, there := have[held.Header().Batch]; there {
		t.Fatal("a box that never left stays")
	}
	forget(t, s, 0, 100, Forgotten{Sent: 1})
}

// TestForgetWithoutSpans: a box whose span file is lost or damaged counts as of the hour before its file.
func TestForgetWithoutSpans(t *testing.T) {
	for name, spoil := range map[string]func(*disk, string) error{
		"lost": func(d *disk, path string) error { return d.Remove(path) },
		"damaged": func(d *disk, path string) error {
			return writeAll(d, path, []byte("byleave span 1\nfrom 0\nuntil 1\n"))
		},
	} {
		d := newDisk()
		s := mustStart(t, d)
		b := cutOne(t, s, 0)
		must(t, s.Close())
		must(t, spoil(d, "/spool/"+boxName(1, b.Header().Batch)+spanSuffix))
		s = mustStart(t, d)
		now := time.Now()
		f, err := s.Forget(now.Add(-3*time.Hour), now.Add(-2*time.Hour), func([]envelope.ID) error { return nil })
		must(t, err)
		if f.Held != 0 {
			t.Fatalf("%s: a box of today was taken for one of three hours ago", name)
		}
		f, err = s.Forget(now.Add(-10*time.Minute), now.Add(time.Minute), func([]envelope.ID) error { return nil })
		must(t, err)
		if f.Held != 1 {
			t.Fatalf("%s: a box of unknown time was spared", name)
		}
	}
}

func writeAll(d *disk, path string, body []byte) error {
	if err := d.Remove(path); err != nil {
		return err
	}
	f, err := d.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Close())
}
