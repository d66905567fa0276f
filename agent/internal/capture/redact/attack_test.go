package redact

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// script is a reader that says what it was told to, in the order of the lines, whatever stands there. It is as good or as bad as a
// reader can be.
type script struct {
	says []string
	page map[string]int // by the pixels of a line: which it is; nil: they are asked about from the top
	sure float64        // 0 for certain
	wait func(context.Context) error
	mu   sync.Mutex // guards what follows: two lines of a long page are asked about at once
	asks int
}

func (s *script) Read(ctx context.Context, line *image.Gray) (string, float64, error) {
	s.mu.Lock()
	n, ok := s.page[string(line.Pix)]
	if !ok {
		n = s.asks
	}
	s.asks++
	s.mu.Unlock()
	if s.wait != nil {
		if err := s.wait(ctx); err != nil {
			return "", 0, err
		}
	}
	if n >= len(s.says) {
		return "", 0, nil
	}
	if s.sure > 0 {
		return s.says[n], s.sure, nil
	}
	return s.says[n], 1, nil
}

// pageOf tells which line is which in a picture, from the top.
func pageOf(img *image.RGBA) map[string]int {
	var m masker
	var l layout
	s, page := shotOf(img), map[string]int{}
	m.find(s)
	n := 0
	for _, t := range l.find(&m, s) {
		if t.shades == nil {
			continue
		}
		if key := string(t.gray().Pix); page[key] == 0 {
			page[key] = n
		}
		n++
	}
	return page
}

// looked shows a picture to a fresh redactor with a reader, and gives what of it is shown.
func looked(t *testing.T, img *image.RGBA, rd reader) (*Redactor, *reveal) {
	t.Helper()
	r := newRedactor(t)
	return r, look(r, img, rd, nil)
}

func look(r *Redactor, img *image.RGBA, rd reader, said *raw.Said) *reveal {
	if s, ok := rd.(*script); ok {
		s.page = pageOf(img)
	}
	v := &reveal{reader: rd, ctx: context.Background(), typing: true}
	s := shotOf(img)
	s.Said = said
	r.masker.find(s)
	v.lines(r, s, reachLines)
	return v
}

// shownLines is what is shown, line by line, _ for each word that stays masked in one of them.
func shownLines(v *reveal) []string {
	var out []string
	for i := range v.layout.lines {
		t := &v.layout.lines[i]
		if t.shades == nil {
			continue
		}
		words := strings.Fields(t.text)
		boxes, _ := t.words(words)
		seen := false
		for k, b := range boxes {
			if slices.ContainsFunc(v.shown.strokes, func(s stroke) bool { return s.textLine == t && s.Overlaps(b.Inset(2)) }) {
				seen = true
			} else {
				words[k] = "_"
			}
		}
		if seen {
			out = append(out, strings.Join(words, " "))
		}
	}
	return out
}

// TestWhatIsRead reads lines as they are, and some worse than they are. Of what must not leave not a word is shown, whatever
// stands beside it.
func TestWhatIsRead(t *testing.T) {
	const fine = "The weather is fine today"
	for _, test := range []struct {
		name  string
		page  []string // what stands there
		reads []string // what is read; nil: the same
		shown []string
	}{
		{"harmless lines", []string{fine, "We shall meet again next week"}, nil, []string{fine, "We shall meet again next week"}},
		{"a card", []string{fine, "pay with 4539 1488 0343 6467 now"}, nil, []string{fine, "pay with _ _ _ _ now"}},
		{"a card in two lines", []string{"pay with 4539 1488", "0343 6467 and be done"}, nil, []string{"pay with _ _", "_ _ and be done"}},
		{"a number in two lines", []string{"the code is 471", "153 and no other one"}, nil, []string{"the code _ _", "_ and no other one"}},
		{"digits read for letters", []string{"the number 4S39 l48B O343 is mine"}, nil, []string{"the number _ _ _ _ mine"}},
		{"letters read for digits", []string{"call me at 0l5l 2345"}, nil, []string{"call me at _ _"}},
		{"a label above", []string{"Password:", "weather"}, nil, []string{"Password:"}},
		{"a label that nobody can read", []string{"Password:", "weather"}, []string{"", "weather"}, nil},
		{"a label beside", []string{"password is weather"}, nil, []string{"password is _"}},
		{"a name", []string{"we asked Xavier Quill about it"}, nil, []string{"we asked _ _ about it"}},
		{"a name from the list alone", []string{"Anna was late again"}, nil, []string{"_ was late again"}},
		{"a name that is a word, too", []string{"the Baker report is done"}, nil, []string{"the _ report is done"}},
		{"a large word beside a name", []string{"Anna Report was late again"}, nil, []string{"_ _ was late again"}},
		{"one word is read over two", []string{"the 471 at"}, []string{"the weather"}, nil},
		{"a town", []string{"a day in London with friends"}, nil, []string{"a day in _ with friends"}},
		{"an address of mail", []string{"write to jane.roe@example.com today"}, nil, []string{"write to _ today"}},
		{"an address of mail, misread", []string{"write to jane.roe@example.com today"}, []string{"write to janeQexample com today"}, nil},
		{"letters that look alike", []string{"write the раssword down"}, nil, []string{"write the _ down"}},
		{"a long odd word", []string{"the key is hQx7Lm2ZpT9w here"}, nil, []string{"the key is _ here"}},
		{"less is read than stands there", []string{"pay with 4539 1488 0343 6467 now"}, []string{"pay with now"}, nil},
		{"one word is read of many", []string{"4539 1488 0343 6467"}, []string{"File"}, nil},
		{"more is read than stands there", []string{"4711"}, []string{"The weather is fine today and nobody knows"}, nil},
		{"nothing but a number", []string{"4711"}, nil, nil},
		{"one letter", []string{"a"}, nil, nil},
		{"menus", []string{"File  Edit  View  Help"}, nil, []string{"File Edit View Help"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			reads := test.reads
			if reads == nil {
				reads = test.page
			}
			_, v := looked(t, sheet(themes[0], faces(t)["regular 14"], 700, test.page...), &script{says: reads})
			if got := shownLines(v); !slices.Equal(got, test.shown) {
				t.Errorf("shown %q, want %q", got, test.shown)
			}
		})
	}
}

// TestUnknownWordsStayMasked: of a line that is shown only the words are that every dictionary has.
func TestUnknownWordsStayMasked(t *testing.T) {
	img := sheet(themes[0], faces(t)["mono 14"], 700, "the frobnitz is on the table")
	_, v := looked(t, img, &script{says: []string{"the frobnitz is on the table"}})
	if len(v.shown.strokes) != 5 {
		t.Fatalf("%d words are shown", len(v.shown.strokes))
	}
	word := image.Rect(13+4*9, 0, 13+12*8, 100) // the second
	for _, s := range v.shown.strokes {
		if s.Overlaps(word) {
			t.Errorf("shown at %v", s.Rectangle)
		}
	}
}

// TestWhatNoReaderSees: what is fainter than the text of a line, lies beside it, or over no one ground, is never shown with it. The
// reader reads the harmless text and nothing else.
func TestWhatNoReaderSees(t *testing.T) {
	face, white := faces(t)["regular 18"], color.RGBA{255, 255, 255, 255}
	const fine = "The weather is fine today"
	plain := func() *image.RGBA { return sheet(themes[0], face, 700, fine) }
	for name, spoil := range map[string]func(*image.RGBA){
		"nothing": func(*image.RGBA) {},
		"faint text on the same line": func(img *image.RGBA) {
			write(img, color.RGBA{235, 235, 235, 255}, face, 15, 27, "4539 1488 0343 6467 1")
		},
		"white on white": func(img *image.RGBA) {
			write(img, color.RGBA{254, 254, 254, 255}, face, 15, 27, "4539 1488 0343 6467 1")
		},
		"tiny text between": func(img *image.RGBA) {
			write(img, color.RGBA{0, 0, 0, 255}, faces(t)["mono 10"], 235, 22, "4539 1488 0343 6467")
		},
		"a gradient": func(img *image.RGBA) {
			for y := range img.Rect.Dy() {
				for x := range img.Rect.Dx() {
					if img.RGBAAt(x, y) == white {
						img.SetRGBA(x, y, color.RGBA{255, byte(x / 3), byte(255 - 4*y), 255})
					}
				}
			}
		},
		"a photograph": func(img *image.RGBA) {
			r := rand.New(rand.NewPCG(1, 2))
			for i := range img.Pix {
				if i%4 != 3 && img.Pix[i] > 100 {
					img.Pix[i] = byte(150 + r.IntN(100))
				}
			}
		},
		"cut by the edge above": func(img *image.RGBA) {
			draw.Draw(img, img.Rect, img, image.Pt(0, 15), draw.Src)
		},
	} {
		t.Run(name, func(t *testing.T) {
			img := plain()
			spoil(img)
			r, v := looked(t, img, &script{says: []string{fine, fine, fine}})
			again := v.shown
			if name == "a gradient" || name == "a photograph" || strings.HasPrefix(name, "cut") {
				if len(again.strokes) > 0 {
					t.Errorf("%d words are shown", len(again.strokes))
				}
				return
			}
			if len(again.strokes) != 5 || slices.ContainsFunc(again.strokes, func(s stroke) bool { return s.Max.X > 235 }) {
				t.Fatalf("%d words are shown", len(again.strokes))
			}
			b, err := r.masker.encode(shotOf(img), &again)
			if err != nil {
				t.Fatal(err)
			}
			out := decode(t, b)
			for y := range img.Rect.Dy() {
				for x := range img.Rect.Dx() {
					if c := color.RGBAModel.Convert(out.At(x, y)).(color.RGBA); c != white && plain().RGBAAt(x, y).R > 230 && c.R < 250 && c.R > 210 {
						t.Fatalf("the faint text is left at %d,%d: %v", x, y, c)
					}
				}
			}
		})
	}
}

// TestVerticalText: letters below each other, and lines that are turned, are no lines.
func TestVerticalText(t *testing.T) {
	face := faces(t)["regular 14"]
	stacked := sheet(themes[0], face, 60, strings.Split("4539148803436467", "")...)
	_, v := looked(t, stacked, &script{says: slices.Repeat([]string{"a"}, 40)})
	if got := shownLines(v); got != nil {
		t.Errorf("letters below each other: shown %q", got)
	}
	flat := sheet(themes[0], face, 400, "pay with 4539 1488 0343 6467 now")
	turned := image.NewRGBA(image.Rect(0, 0, flat.Rect.Dy(), flat.Rect.Dx()))
	for y := range flat.Rect.Dy() {
		for x := range flat.Rect.Dx() {
			turned.SetRGBA(y, flat.Rect.Dx()-1-x, flat.RGBAAt(x, y))
		}
	}
	_, v = looked(t, turned, &script{says: slices.Repeat([]string{"File Edit"}, 40)})
	if got := shownLines(v); got != nil {
		t.Errorf("a turned line: shown %q", got)
	}
}

// TestDoubtStaysMasked: a reader that is not sure shows nothing.
func TestDoubtStaysMasked(t *testing.T) {
	_, v := looked(t, sheet(themes[0], faces(t)["regular 14"], 700, "The weather is fine today"),
		&script{says: []string{"The weather is fine today"}, sure: leastSure - 0.01})
	if got := shownLines(v); got != nil {
		t.Errorf("shown %q", got)
	}
}

// TestToldValues: what was found in typed text stays masked wherever it stands, and its token is the same there.
func TestToldValues(t *testing.T) {
	r := newRedactor(t)
	got := nets(append(typeText(t, r, "password is weather and pay 4539 1488 0343 6467 "), r.Flush()...))
	if !strings.Contains(got, "<SECRET#1>") || !strings.Contains(got, "<CARD#1>") {
		t.Fatalf("typed: %q", got)
	}
	lines := []string{"we like the weather of today", "pay with 4539-1488-0343-6467 now", "pay with 4111 1111 1111 1111 now", "we like the window of today"}
	v := look(r, sheet(themes[0], faces(t)["mono 14"], 700, lines...), &script{says: lines}, nil)
	if got := shownLines(v); !slices.Equal(got, []string{"we like the _ of today", "pay with _ now", "pay with _ _ _ _ now", lines[3]}) {
		t.Errorf("shown %q", got)
	}
	var tokens []string
	for _, l := range v.shown.tokens {
		tokens = append(tokens, l.text)
	}
	if !slices.Equal(tokens, []string{"<SECRET#1>", "<CARD#1>", "<CARD#2>"}) {
		t.Errorf("tokens %q", tokens)
	}
}

// TestLyingApplication: what an application says can only forbid. A line stays masked where it says something else, where it hides
// something, where the engine finds something in what it says; and saying "File" over a number shows nothing of the number.
func TestLyingApplication(t *testing.T) {
	face := faces(t)["regular 14"]
	everywhere := raw.Rect{W: 700, H: 200}
	label := func(name string) *raw.Said { return &raw.Said{Labels: []raw.Element{{Name: name, Rect: everywhere}}} }
	for _, test := range []struct {
		name  string
		line  string
		said  *raw.Said
		text  bool // typed text is agreed
		shown bool
	}{
		{"it says nothing", "Open the file", nil, true, true},
		{"it says the same", "Open the file", label("Open the file"), true, true},
		{"it says something else", "Open the file", label("Close the file"), true, false},
		{"it says File over a card", "4539 1488 0343 6467", label("File"), true, false},
		{"it says File over a card, nothing typed is agreed", "4539 1488 0343 6467", label("File"), false, false},
		{"it says the card", "4539 1488 0343 6467", label("4539 1488 0343 6467"), false, false},
		{"something is found in what it says", "Open the file", label("Open the file of jane.roe@example.com"), true, false},
		{"something hidden stands there", "Open the file", &raw.Said{Secrets: []raw.Rect{everywhere}}, true, false},
		{"nothing typed is agreed, it says nothing of it", "Open the file", &raw.Said{}, false, false},
		{"nothing typed is agreed, it is a cell", "Open the file", &raw.Said{Cells: []raw.Element{{Name: "Open the file", Rect: everywhere}}}, false, false},
		{"nothing typed is agreed, it is a label", "Open the file", label("Open the file"), false, true},
		{"nothing typed is agreed, the label is elsewhere", "Open the file",
			&raw.Said{Labels: []raw.Element{{Name: "Open the file", Rect: raw.Rect{Y: 300, W: 700, H: 200}}}}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := &reveal{reader: &script{says: []string{test.line}}, ctx: t.Context(), typing: test.text}
			s := shotOf(sheet(themes[0], face, 700, test.line))
			s.Said = test.said
			r := newRedactor(t)
			r.masker.find(s)
			v.lines(r, s, reachLines)
			if got := shownLines(v) != nil; got != test.shown {
				t.Errorf("shown %v", got)
			}
		})
	}
}

// TestPermitShows holds that lines are shown as far as the permit goes, and no further: not without a reader, not without the class,
// and nothing typed without leave for typed text.
func TestPermitShows(t *testing.T) {
	lines := []string{"File  Edit  View  Help", "The weather is fine today"}
	img := sheet(themes[0], faces(t)["regular 14"], 700, lines...)
	with := func(c ...policy.Class) policy.Classes {
		s := policy.Classes(0).With(policy.Pointer)
		for _, c := range c {
			s = s.With(c)
		}
		return s
	}
	said := &raw.Said{Labels: []raw.Element{{Name: "File Edit View Help", Rect: raw.Rect{W: 700, H: 32}}}}
	for _, test := range []struct {
		name    string
		classes policy.Classes
		reader  bool
		said    *raw.Said
		shown   []bool
	}{
		{"frames alone", with(policy.Frames, policy.Text), true, said, []bool{false, false}},
		{"no reader", with(policy.Frames, policy.Text, policy.Labels, policy.Lines), false, said, []bool{false, false}},
		{"labels", with(policy.Frames, policy.Text, policy.Labels), true, nil, []bool{true, false}},
		{"lines", with(policy.Frames, policy.Text, policy.Lines), true, nil, []bool{true, true}},
		{"lines, nothing typed, nothing said", with(policy.Frames, policy.Lines), true, nil, []bool{false, false}},
		{"lines, nothing typed", with(policy.Frames, policy.Lines), true, said, []bool{true, false}},
		{"no frames", with(policy.Text, policy.Labels, policy.Lines), true, said, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Options{Session: [16]byte{1}}
			if test.reader {
				o.Reader = &script{says: lines}
			}
			r := must(New(o))
			shot := shotOf(img)
			shot.Said = test.said
			evs := r.Apply(raw.Wrap(raw.Step{Kind: raw.Click, From: start, Until: start, Permit: permit(t, test.classes), Button: "left", Count: 1,
				Window: raw.Window{App: "editor", Rect: raw.Rect{W: 700, H: 100}}, Before: shot, NoAfter: "no picture"}))
			if len(evs) != 1 || len(evs[0].Frames()) != min(1, len(test.shown)) {
				t.Fatalf("%d events", len(evs))
			}
			step := faces(t)["regular 14"].Metrics().Height.Ceil() + 6
			for i, want := range test.shown {
				part := crop(decode(t, evs[0].Frames()[0].Image), image.Rect(0, step*i+6, 700, step*(i+1)+6))
				if got := strokes(part, themes[0].bg) > 50; got != want {
					t.Errorf("line %d shown: %v", i+1, got)
				}
			}
			if mask := evs[0].Frames(); len(mask) > 0 && strings.Contains(mask[0].Mask, revealVersion) != slices.Contains(test.shown, true) {
				t.Errorf("the frame says %q", mask[0].Mask)
			}
		})
	}
}

// TestReaderLateDeadOrUnwanted holds that a step never waits for a reader longer than its deadline, nor at all while somebody waits, and
// that its picture then leaves masked.
func TestReaderLateDeadOrUnwanted(t *testing.T) {
	lines := []string{"The weather is fine today", "We shall meet again next week"}
	img := sheet(themes[0], faces(t)["regular 14"], 700, lines...)
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for _, test := range []struct {
		name  string
		wait  func(context.Context) error
		rush  bool
		asks  int
		took  time.Duration
		shown bool
	}{
		{"in time", nil, false, 2, 0, true},
		{"it hangs", hang, false, 1, readWait, false},
		{"it is dead", func(context.Context) error { return errors.New("dead") }, false, 1, 0, false},
		{"somebody waits", nil, true, 0, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rd := &script{says: lines, wait: test.wait}
				done := make(chan *pb.Frame, 1)
				p := NewPipe(must(New(Options{Session: [16]byte{1}, Reader: rd})), func(e Event) error { done <- e.Frames()[0]; return nil })
				if test.rush {
					p.rush.Add(1)
				}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- p.Run(ctx) }()
				from := time.Now()
				p.Push(raw.Wrap(raw.Step{Kind: raw.Click, From: start, Until: start, Permit: permit(t, all().With(policy.Lines)), Button: "left", Count: 1,
					Window: raw.Window{App: "editor"}, Before: shotOf(img), NoAfter: "no picture"}))
				f := <-done
				if took := time.Since(from); took != test.took || rd.asks != test.asks {
					t.Errorf("it took %v and %d questions", took, rd.asks)
				}
				if got := strokes(decode(t, f.Image), themes[0].bg) > 0; got != test.shown {
					t.Errorf("shown: %v", got)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestReadOnce: a line is read once, wherever it stands, and nothing of it is kept when recording stops.
func TestReadOnce(t *testing.T) {
	face := faces(t)["regular 14"]
	rd := &script{says: []string{"The weather is fine today", "We shall meet again"}}
	r := must(New(Options{Session: [16]byte{1}, Reader: rd}))
	step := func(lines ...string) int {
		r.Apply(raw.Wrap(raw.Step{Kind: raw.Click, From: start, Until: start, Permit: permit(t, all().With(policy.Lines)), Button: "left", Count: 1,
			Window: raw.Window{App: "editor"}, Before: shotOf(sheet(themes[0], face, 700, lines...)), NoAfter: "no picture"}))
		return rd.asks
	}
	if n := step("The weather is fine today"); n != 1 {
		t.Fatalf("%d questions", n)
	}
	if n := step("We shall meet again", "The weather is fine today"); n != 2 {
		t.Errorf("%d questions for one line more", n)
	}
	r.Apply(raw.Wrap(raw.Step{Kind: raw.Gap, From: start, Until: start, Reason: policy.Secret}))
	if len(r.reveal.readings) > 0 || slices.ContainsFunc(r.reveal.layout.arena[:cap(r.reveal.layout.arena)], func(b byte) bool { return b != 0 }) {
		t.Error("something is kept")
	}
	if n := step("The weather is fine today"); n != 3 {
		t.Errorf("%d questions after a gap", n)
	}
}

// TestReadingIsBounded holds that reading takes its share of the time and no more.
func TestReadingIsBounded(t *testing.T) {
	b := budget{limited: true}
	var spent time.Duration
	now := time.Unix(0, 0)
	const each = 100 * time.Millisecond
	for now.Before(time.Unix(600, 0)) {
		if b.left(now) {
			b.spend(each)
			spent += each
			now = now.Add(each)
		} else {
			now = now.Add(10 * time.Millisecond)
		}
	}
	if most := time.Duration(readShare*600*float64(time.Second)) + mostSaved + each; spent > most || spent < most*9/10 {
		t.Errorf("spent %v of 10 minutes, at most %v", spent, most)
	}
}

// TestCaptions holds that no word that is always shown is a name and nothing else.
func TestCaptions(t *testing.T) {
	for w := range strings.FieldsSeq(captionWords) {
		if l := lookUp(mixOf([]byte(w))); l&isName != 0 && l&isCommon == 0 && traitsOf(hashOf([]byte(w)))&english == 0 {
			t.Errorf("%s is a name", w)
		}
	}
}
