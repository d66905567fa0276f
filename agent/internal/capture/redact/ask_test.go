package redact

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pair is a reader whose first line is answered only when a second is asked about.
type pair struct {
	script *script
	both   chan struct{}
	asks   atomic.Int32
}

func (p *pair) Read(ctx context.Context, line *image.Gray) (string, float64, error) {
	if p.asks.Add(1) == 2 {
		close(p.both)
	}
	select {
	case <-p.both:
	case <-ctx.Done():
		return "", 0, ctx.Err()
	}
	return p.script.Read(ctx, line)
}

// manyLines is a page with so many lines, no two alike.
func manyLines(n int) (lines []string) {
	words := strings.Fields("weather morning window kitchen garden holiday question answer picture machine")
	for i := range n {
		lines = append(lines, fmt.Sprintf("The %s and the %s are fine", words[i%len(words)], words[(i/len(words)+i+1)%len(words)]))
	}
	return lines
}

// TestTwoAtOnce: where many lines are to be read two are asked about at once, and of all of them the same is shown as of each alone.
func TestTwoAtOnce(t *testing.T) {
	if runtime.NumCPU() < mostHands {
		t.Log("one processor: lines are read one after the other")
	}
	synctest.Test(t, func(t *testing.T) {
		lines := manyLines(3 * perHand)
		img := sheet(themes[0], faces(t)["regular 14"], 700, lines...)
		rd := &pair{script: &script{says: lines, page: pageOf(img)}, both: make(chan struct{})}
		if runtime.NumCPU() < mostHands {
			rd.asks.Add(1)
		}
		_, v := looked(t, img, rd)
		want := slices.Clone(lines)
		for i := range want { // words that stay masked wherever they stand
			want[i] = strings.NewReplacer("garden", "_", "holiday", "_").Replace(want[i])
		}
		if got := shownLines(v); !slices.Equal(got, want) {
			t.Errorf("of %d lines are shown: %q", len(lines), got)
		}
		if rd.script.asks != len(lines) {
			t.Errorf("%d questions", rd.script.asks)
		}
	})
}

// TestFewLinesOneReader: a few lines are not worth a second reader.
func TestFewLinesOneReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		lines := manyLines(perHand - 1)
		rd := &pair{script: &script{says: lines}, both: make(chan struct{})}
		v := &reveal{reader: rd, ctx: ctx, typing: true}
		r, s := newRedactor(t), shotOf(sheet(themes[0], faces(t)["regular 14"], 700, lines...))
		r.masker.find(s)
		if _, all := v.lines(r, s, reachLines); all || rd.asks.Load() != 1 || len(v.shown.strokes) > 0 {
			t.Errorf("%d questions, %d words shown", rd.asks.Load(), len(v.shown.strokes))
		}
	})
}

// TestShortLinesFirst: what programs say of themselves is read before long lines, wherever it stands. A line beside one that nobody read
// stays masked: it may be the label, or the rest, of what is shown; what every program says needs nobody beside it.
func TestShortLinesFirst(t *testing.T) {
	long := "We shall meet again next week in the morning behind the kitchen and talk about the weather"
	for _, test := range []struct {
		page, reads []string
		asks        int
		shown       []string
	}{
		{[]string{long, "File  Edit"}, []string{"", "File Edit"}, 1, []string{"File Edit"}},
		{[]string{long, "The weather is fine"}, []string{"", "The weather is fine"}, 1, nil},
		{[]string{"The weather is fine", long}, []string{"The weather is fine"}, 1, nil},
		{[]string{"The weather is fine", long}, []string{"The weather is fine", long}, 2, []string{"The weather is fine", long}},
	} {
		img := sheet(themes[0], faces(t)["regular 14"], 700, test.page...)
		rd := &script{says: test.reads, page: pageOf(img)}
		v := &reveal{reader: rd, ctx: t.Context(), typing: true, hurry: func() bool { return rd.asks >= test.asks }}
		r, s := newRedactor(t), shotOf(img)
		r.masker.find(s)
		_, all := v.lines(r, s, reachLines)
		if got := shownLines(v); !slices.Equal(got, test.shown) || rd.asks != test.asks || all != (test.asks == len(test.page)) {
			t.Errorf("%q, %d questions: shown %q, all %v", test.page, rd.asks, got, all)
		}
	}
}

// TestReaderThatPanics: whatever a reader does, the picture leaves, masked.
func TestReaderThatPanics(t *testing.T) {
	lines := manyLines(3 * perHand)
	_, v := looked(t, sheet(themes[0], faces(t)["regular 14"], 700, lines...), panics{})
	if got := shownLines(v); got != nil {
		t.Errorf("shown %q", got)
	}
}

type panics struct{}

func (panics) Read(context.Context, *image.Gray) (string, float64, error) { panic(errors.New("no")) }

// TestNoLineIsBegunAtTheEnd: a reader is not left in the middle of a line when there is hardly any time.
func TestNoLineIsBegunAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		img := sheet(themes[0], faces(t)["regular 14"], 700, "The weather is fine today")
		for left, want := range map[time.Duration]int{leastLeft - 1: 0, leastLeft: 1} {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			defer cancel()
			rd := &script{says: []string{"The weather is fine today"}}
			v := &reveal{reader: rd, ctx: ctx, typing: true}
			r, s := newRedactor(t), shotOf(img)
			r.masker.find(s)
			if _, all := v.lines(r, s, reachLines); rd.asks != want || all != (want > 0) {
				t.Errorf("%v before the end: %d questions, all %v", left, rd.asks, all)
			}
		}
	})
}
