package redact

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"google.golang.org/protobuf/proto"
)

// plant types one secret in one of the ways in which people do.
func (p *writer) plant() {
	m := secretMakers[p.rnd.IntN(len(secretMakers))]
	s := m.make(p.rnd)
	for leak(s, strings.Join(proseWords, " ")+strings.Join(classNames[:], " ")) != "" {
		s = m.make(p.rnd)
	}
	kind, rs := m.kind, []rune(s)
	how := p.rnd.IntN(9)
	mid := 1 + p.rnd.IntN(len(rs)-1)
	switch how {
	case 0: // its second half first, the caret back by keys
		kind += " second half first"
		p.types(string(rs[mid:]), true)
		p.move(-(len(rs) - mid), false)
		p.types(string(rs[:mid]), true)
		p.move(len(rs)-mid, false)
	case 1: // the same, the caret back by the mouse or Home
		kind += " second half first by mouse"
		from := p.here.caret
		p.types(string(rs[mid:]), true)
		p.jump(from)
		p.types(string(rs[:mid]), true)
		p.jump(len(p.here.text))
	case 2: // something wrong is typed in its place and overtyped
		kind += " overtyped"
		p.types(randomOf(p.rnd, "abc0189", len(rs)/2), true)
		p.move(-(len(rs) / 2), true)
		p.types(s, true)
	case 3: // typed and regretted
		kind += " deleted"
		p.types(s, true)
		for range 1 + p.rnd.IntN(len(rs)) {
			p.back()
		}
	case 4: // typed, selected as a whole, and replaced
		kind += " replaced"
		p.types(s, true)
		p.move(-len(rs), true)
		p.types("never mind", false)
	case 5: // a hole is left in the middle and filled afterwards
		kind += " hole"
		to := min(len(rs), mid+1+p.rnd.IntN(6))
		p.types(string(rs[:mid])+string(rs[to:]), true)
		p.move(-(len(rs) - to), false)
		p.types(string(rs[mid:to]), true)
		p.move(len(rs)-to, false)
	case 6: // a word is left out of the field by ctrl+BackSpace
		kind += " word back"
		p.types(s, true)
		p.wordBack()
	default:
		p.types(s, true)
	}
	p.secrets = append(p.secrets, planted{kind, s})
}

// split types one secret into several fields of a form.
func (p *writer) split() {
	var parts []string
	r := p.rnd
	m := secretMakers[[]int{0, 1, 3, 5}[r.IntN(4)]]
	s, kind := m.make(r), m.kind
	plain := strings.NewReplacer(" ", "", "-", "").Replace(s)
	switch {
	case r.IntN(4) == 0:
		kind, s = "code", randomOf(r, "0123456789", 6)
		parts = strings.Split(s, "")
	case kind == "card":
		parts = []string{plain[:4], plain[4:8], plain[8:12], plain[12:]}
	case kind == "ssn":
		parts = strings.Split(s, "-")
	case kind == "mail":
		parts = strings.Split(s, "@")
	default:
		parts = []string{plain[:4], plain[4:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]}
	}
	if len(p.here.text) > 0 {
		p.next()
	}
	for i, part := range parts {
		if i > 0 {
			p.next()
		}
		p.here.part = true
		p.types(part, true)
	}
	p.next()
	p.secrets = append(p.secrets, planted{kind + " split", s})
	if kind == "card" || kind == "iban" {
		p.secrets = append(p.secrets, planted{kind + " split", plain})
	}
}

// marked types a password into a field of which nothing may be told.
func (p *writer) marked() {
	p.pause()
	s := randomOf(p.rnd, "qxzjkvwy", 12)
	p.secrets = append(p.secrets, planted{"password", s})
	p.apply(raw.Step{Kind: raw.Leave})
	for i := 0; i < len(s); i += 4 {
		p.apply(raw.Step{Kind: raw.Text, Keys: keys(s[i : i+4])})
	}
	p.apply(raw.Step{Kind: raw.Leave})
	p.field()
}

// play is one stream.
func (p *writer) play() {
	for range 1 + p.rnd.IntN(3) {
		p.prose(1 + p.rnd.IntN(5))
		switch p.rnd.IntN(8) {
		case 0, 1:
			p.split()
		case 2:
			p.marked()
		default:
			p.plant()
			if p.rnd.IntN(4) == 0 {
				p.breaks()
			}
			p.types(" ", false)
		}
		if p.rnd.IntN(6) == 0 {
			p.hotkey("Return", raw.Newline)
			p.field()
		}
	}
	p.prose(2 + p.rnd.IntN(4))
	p.pause()
	if !p.crashed() {
		p.out = append(p.out, p.red.Flush()...)
	}
}

// said joins all the text of events with nothing between, each token of a class replaced by one character.
func said(evs []Event) string {
	var b strings.Builder
	for _, e := range evs {
		if a := e.Action(); a != nil {
			b.WriteString(classToken.ReplaceAllString(a.GetText().GetNet(), "#"))
		}
	}
	return b.String()
}

// leaked is what came out of the secrets, joined over events, also where it is grouped otherwise; and in the bytes that go on.
func leaked(p *writer) (planted, string) {
	joined := said(p.out)
	close := strings.NewReplacer(" ", "", "-", "", "\n", "").Replace(joined)
	var wire strings.Builder
	for _, e := range p.out {
		if a := e.Action(); a != nil {
			b, err := proto.MarshalOptions{Deterministic: true}.Marshal(a)
			if err != nil {
				p.t.Fatal(err)
			}
			wire.Write(b)
			wire.WriteByte(0)
		}
	}
	for _, s := range p.secrets {
		for _, out := range [...]string{joined, wire.String()} {
			if l := leak(s.text, out); l != "" {
				return s, l
			}
		}
		if digitsOnly := strings.NewReplacer(" ", "", "-", "").Replace(s.text); strings.Trim(digitsOnly, "+0123456789") == "" {
			if l := leak(digitsOnly, close); l != "" {
				return s, l
			}
		}
	}
	return planted{}, ""
}

// counts are what a set of streams showed.
type counts struct {
	streams, crashes, secrets, leaks int
	tokens, wrong                    int // outside spans
	clean, kept                      int // of the fields' final text
}

// fidelity counts the words outside spans, and those of them that the person did not write.
func (c *counts) fidelity(p *writer) {
	truth := p.truth.String()
	for _, e := range p.out {
		for _, w := range strings.Fields(classToken.ReplaceAllString(e.Action().GetText().GetNet(), "#")) {
			if strings.Contains(w, "#") {
				continue
			}
			if c.tokens++; !strings.Contains(truth, w) {
				c.wrong++
			}
		}
	}
	if p.crash >= 0 {
		return
	}
	got := map[string]int{}
	for _, w := range strings.Fields(strings.ReplaceAll(nets(p.out), "\n", " ")) {
		got[w]++
	}
	for _, b := range p.final {
		if b.part {
			continue
		}
		for _, w := range strings.Fields(string(b.text)) {
			if !isWordOf[w] {
				continue
			}
			if c.clean++; got[w] > 0 {
				got[w]--
				c.kept++
			}
		}
	}
}

var isWordOf = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range proseWords {
		m[w] = true
	}
	return m
}()

// TestKeyStreams types secrets the way people do, with slips, jumps, selections, pastes, forms, cuts and crashes. No four characters
// of one may come out, in one event or over several; what is not redacted is what the person wrote, and of the words beside the secrets
// 99 of 100 are told.
func TestKeyStreams(t *testing.T) {
	n, sets := 6000, 1
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		n, sets = 100_000, 3
	}
	for set := range sets {
		t.Run(strconv.Itoa(set), func(t *testing.T) { keyStreams(t, n, uint64(set)*1_000_000) })
	}
}

func keyStreams(t *testing.T, n int, first uint64) {
	red := newRedactor(t)
	var c counts
	byKind := map[string]int{}
	for seed := first; seed < first+uint64(n); seed++ {
		if seed%500 == 0 {
			red = newRedactor(t)
		}
		p := newWriter(t, red, seed)
		p.play()
		c.streams++
		c.secrets += len(p.secrets)
		if p.crashed() {
			c.crashes++
		}
		c.fidelity(p)
		if s, l := leaked(p); l != "" {
			byKind[s.kind]++
			if c.leaks++; c.leaks <= 6 {
				t.Errorf("seed %d: %q of the %s %q came out\n typed %s\n got %q", seed, l, s.kind, s.text, p.log.String(), said(p.out))
			}
		}
	}
	if c.leaks > 0 {
		t.Errorf("%d streams leaked: %v", c.leaks, byKind)
	}
	t.Logf("%+v", c)
	if float64(c.wrong) > .01*float64(c.tokens) || c.tokens < n {
		t.Errorf("%d of %d words outside spans are not what was typed", c.wrong, c.tokens)
	}
	if float64(c.kept) < .99*float64(c.clean) {
		t.Errorf("only %d of %d clean words are told", c.kept, c.clean)
	}
}
