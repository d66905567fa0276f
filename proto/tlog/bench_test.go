package tlog_test

import (
	"testing"

	"github.com/byleave/byleave/proto/tlog"
	"github.com/byleave/byleave/proto/tlog/tlogtest"
)

// BenchmarkMillion is what a check costs in a ledger of a million leaves, without the network.
func BenchmarkMillion(b *testing.B) {
	l := tlogtest.New()
	fill(l, 0, 999_000)
	src := tlogtest.Source{Log: l}
	before, err := tlog.Fetch(ctx, src, l.Fingerprint(), tlog.Checkpoint{})
	if err != nil {
		b.Fatal(err)
	}
	fill(l, 999_000, 1_000_000)
	b.Run("checkpoint, grown since the last", func(b *testing.B) {
		for b.Loop() {
			if _, err := tlog.Fetch(ctx, src, l.Fingerprint(), before); err != nil {
				b.Fatal(err)
			}
		}
	})
	at, err := tlog.Fetch(ctx, src, l.Fingerprint(), before)
	if err != nil {
		b.Fatal(err)
	}
	for name, n := range map[string]int{"1 leaf": 1, "1000 leaves": 1000} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				tree := tlog.NewTree(src, at)
				for i := range n {
					if err := tree.Includes(ctx, uint64(i*997), leaf(i*997)); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
