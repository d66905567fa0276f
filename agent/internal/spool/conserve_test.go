package spool

import (
	"errors"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"
)

// TestI13Conservation: whatever is done in whatever order, sealed = held + sent + quarantined + destroyed + pruned + evicted + dropped,
// and no sequence is given twice.
func TestI13Conservation(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDisk()
		s := mustStart(t, d)
		var sealed, destroyed, pruned, evicted, n int
		sequences := map[uint64]bool{}
		consent := consentA
		rt.Repeat(map[string]func(*rapid.T){
			"cut": func(rt *rapid.T) {
				n++
				before := s.Stats().Evicted
				ev := gap(n)
				if n%2 == 0 {
					ev = said(t, n, "walrus")
				}
				err := s.Append(ev)
				evicted += s.Stats().Evicted - before
				if errors.Is(err, ErrFull) {
					s.Limit(Quota{})
					must(t, s.Retry())
					return
				}
				must(t, err)
				must(t, s.Cut())
				b, ok := newest(s)
				if q := b.Header().Sequence; !ok || sequences[q] {
					rt.Fatalf("sequence %d twice", q)
				} else {
					sequences[q] = true
				}
				sealed++
			},
			"sent": func(*rapid.T) {
				if b, ok := s.Next(time.Now(), 0); ok {
					must(t, s.Sent(b.Header().Batch))
				}
			},
			"quarantine": func(rt *rapid.T) {
				if len(s.held) > 0 {
					i := rapid.IntRange(0, len(s.held)-1).Draw(rt, "box")
					must(t, s.Quarantine(s.held[i].batch, "refused"))
				}
			},
			"destroy": func(rt *rapid.T) {
				k, err := s.DestroyHeld(rapid.SampledFrom([][16]byte{consentA, consentB}).Draw(rt, "consent"))
				must(t, err)
				destroyed += k
			},
			"forget": func(rt *rapid.T) {
				from := rapid.IntRange(0, n+1).Draw(rt, "from")
				f, err := s.Forget(gap(from).At(), gap(from+rapid.IntRange(0, 5).Draw(rt, "length")).At(), func([]envelope.ID) error { return nil })
				must(t, err)
				destroyed += f.Held + f.Sent
			},
			"replace": func(rt *rapid.T) {
				if len(s.held) == 0 {
					return
				}
				e := s.held[rapid.IntRange(0, len(s.held)-1).Draw(rt, "box")]
				b, err := s.readBox(e.name+heldSuffix, e.sequence, e.batch)
				must(t, err)
				words := openBox(t, b).GetEvents()[0].GetTask().GetText()
				if words == "" || e.device != s.last.device {
					return
				}
				k := testKeys(e.consent)
				r, err := without(t, s, k, b, words[:1])
				must(t, err)
				must(t, s.Replace(r, device, func([]envelope.ID) error { return nil }))
				sealed++
				destroyed++
				x, _ := newest(s)
				if q := x.Header().Sequence; sequences[q] {
					rt.Fatalf("sequence %d twice", q)
				} else {
					sequences[q] = true
				}
			},
			"prune": func(rt *rapid.T) {
				k, err := s.Prune(time.Now(), 30, rapid.Int64Range(0, 60_000).Draw(rt, "bytes"))
				must(t, err)
				pruned += k
			},
			"quota": func(rt *rapid.T) {
				bytes := envelope.MaxSize + rapid.Int64Range(0, 60_000).Draw(rt, "quota")
				s.Limit(Quota{Bytes: bytes, DropOldest: rapid.Bool().Draw(rt, "drop")})
			},
			"consent": func(rt *rapid.T) {
				consent = rapid.SampledFrom([][16]byte{consentA, consentB}).Draw(rt, "consent")
				must(t, s.Use(testKeys(consent)))
			},
			"restart": func(rt *rapid.T) {
				if rapid.Bool().Draw(rt, "clean") {
					must(t, s.Close())
				} else {
					d = wrap(d.CrashClone(vfs.CrashCloneCfg{}))
				}
				s, _ = mustOpen(t, d)
				must(t, s.Use(testKeys(consent)))
			},
			"": func(rt *rapid.T) {
				st := s.Stats()
				if got := st.Held + st.Sent + st.Quarantined + destroyed + pruned + evicted + st.Dropped; got != sealed {
					rt.Fatalf("sealed %d, accounted for %d: %+v", sealed, got, st)
				}
				if files := len(inFolder(t, d)); files != st.Held+st.Sent+st.Quarantined {
					rt.Fatalf("%d files, stats %+v", files, st)
				}
			},
		})
	})
}

// BenchmarkCut is a durable cut of a small batch on the machine's own disk.
func BenchmarkCut(b *testing.B) {
	s, _, err := Open(OS(), b.TempDir()+"/spool", quiet)
	must(b, err)
	must(b, s.Use(testKeys(consentA)))
	for i := 0; b.Loop(); i++ {
		must(b, s.Append(gap(i)))
		must(b, s.Cut())
		if i%100 == 99 {
			b.StopTimer()
			_, err := s.DestroyHeld(consentA)
			must(b, err)
			b.StartTimer()
		}
	}
	must(b, s.Close())
}

// BenchmarkAppend is the cost of one event without a cut.
func BenchmarkAppend(b *testing.B) {
	s := mustStart(b, newDisk())
	for i := 0; b.Loop(); i++ {
		must(b, s.Append(gap(i)))
	}
}
