package redact

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/byleave/byleave/proto/pb"
)

const (
	mostCorrected = 16 << 10 // bytes of a corrected text
	mostCutWords  = 64
	mostCutWord   = 256 // bytes
	// correctedIDs is where the numbers of tokens in corrected texts begin: far above those that the agent gives in a session, since
	// only the agent knows which number stands for which value.
	correctedIDs = 1 << 16
)

// anyToken is what stands in a text for something that was redacted.
var anyToken = regexp.MustCompile(`<([A-Z]{2,8})#([0-9]{1,10})>`)

// texts puts the corrected texts and cuts parts out of others.
func (n *narrowing) texts() {
	for _, e := range n.p.GetEvents() {
		for _, s := range e.GetAction().GetText().GetSpans() {
			if s.GetClass() == cutClass {
				n.token = max(n.token, s.GetId())
			}
		}
	}
	for i, e := range n.p.GetEvents() {
		t := e.GetAction().GetText()
		if words, ok := n.cut.Texts[i]; ok {
			n.correct(t, words)
			continue // parts are of the text as it was
		}
		var ranges [][2]int
		for _, p := range n.cut.Parts {
			if p.Event == i {
				ranges = append(ranges, [2]int{p.Start, p.End})
			}
		}
		n.take(t, ranges)
	}
}

// words takes every place where one of the words stands.
func (n *narrowing) words() error {
	if len(n.cut.Words) > mostCutWords {
		return fmt.Errorf("%w: more than %d words at once", ErrCut, mostCutWords)
	}
	var quoted []string
	for _, w := range n.cut.Words {
		if w = strings.TrimSpace(w); w == "" || len(w) > mostCutWord || !utf8.ValidString(w) {
			return fmt.Errorf("%w: a word is empty or too long", ErrCut)
		}
		quoted = append(quoted, regexp.QuoteMeta(w))
	}
	if len(quoted) == 0 {
		return nil
	}
	slices.SortFunc(quoted, func(a, b string) int { return len(b) - len(a) }) // the longest first: it may begin with another one
	find := regexp.MustCompile("(?i)" + strings.Join(quoted, "|"))
	line := func(s *string) { *s = n.blank(*s, find) }
	for _, e := range n.p.GetEvents() {
		if t := e.GetAction().GetText(); t != nil {
			n.take(t, pairs(find.FindAllStringIndex(t.GetNet(), -1)))
		}
		if w := e.GetAction().GetWindow(); w != nil {
			line(&w.Title)
		}
		if el := e.GetAction().GetElement(); el != nil {
			line(&el.Name)
		}
		if task := e.GetTask(); task != nil {
			line(&task.Text)
		}
	}
	return nil
}

func pairs(found [][]int) (out [][2]int) {
	for _, f := range found {
		out = append(out, [2]int{f[0], f[1]})
	}
	return out
}

// blank is a line without the places that find names. Tokens that one touches go whole.
func (n *narrowing) blank(s string, find *regexp.Regexp) string {
	ranges := widen(s, pairs(find.FindAllStringIndex(s, -1)), pairs(anyToken.FindAllStringIndex(s, -1)))
	var b strings.Builder
	at := 0
	for _, r := range ranges {
		b.WriteString(s[at:r[0]])
		b.WriteString(n.next())
		at = r[1]
	}
	return b.String() + s[at:]
}

// next is the next token. Each place has a number of its own, so that nothing tells whether the same stood at two of them.
func (n *narrowing) next() string {
	n.token++
	return "<" + cutClass + "#" + strconv.FormatUint(uint64(n.token), 10) + ">"
}

// take puts a token in place of each of the ranges of a typed text. It says nothing of how long that was.
func (n *narrowing) take(t *pb.Text, ranges [][2]int) {
	if len(ranges) == 0 {
		return
	}
	net := t.GetNet()
	tokens := pairs(anyToken.FindAllStringIndex(net, -1))
	for _, s := range t.GetSpans() {
		if s.GetStart() < s.GetEnd() && int(s.GetEnd()) <= len(net) {
			tokens = append(tokens, [2]int{int(s.GetStart()), int(s.GetEnd())})
		}
	}
	var b strings.Builder
	var spans []*pb.Span
	at := 0
	copyTo := func(end int) { // what stays, with its tokens
		for _, s := range t.GetSpans() {
			if int(s.GetStart()) >= at && int(s.GetEnd()) <= end {
				moved := int(s.GetStart()) - at + b.Len()
				spans = append(spans, &pb.Span{Start: uint32(moved), End: uint32(moved) + s.GetEnd() - s.GetStart(), Class: s.GetClass(), Id: s.GetId(), Length: s.GetLength()})
			}
		}
		b.WriteString(net[at:end])
	}
	for _, r := range widen(net, ranges, tokens) {
		copyTo(r[0])
		start := b.Len()
		b.WriteString(n.next())
		spans = append(spans, &pb.Span{Start: uint32(start), End: uint32(b.Len()), Class: cutClass, Id: n.token})
		at = r[1]
	}
	copyTo(len(net))
	t.Net, t.Spans = b.String(), spans
}

// widen makes ranges whole: no character and no token is cut in two, and none overlaps another.
func widen(s string, ranges, tokens [][2]int) [][2]int {
	slices.SortFunc(tokens, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	var out [][2]int
	slices.SortFunc(ranges, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	for _, r := range ranges {
		for r[0] > 0 && !utf8.RuneStart(s[r[0]]) {
			r[0]--
		}
		for r[1] < len(s) && !utf8.RuneStart(s[r[1]]) {
			r[1]++
		}
		for _, t := range tokens {
			if t[0] < r[1] && t[1] > r[0] {
				r = [2]int{min(r[0], t[0]), max(r[1], t[1])}
			}
		}
		if last := len(out) - 1; last >= 0 && r[0] < out[last][1] {
			out[last][1] = max(out[last][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

// correct puts the person's own words in place of a typed text. They are scanned like anything typed; tokens of the text as it was may
// stay in them and keep their meaning.
func (n *narrowing) correct(t *pb.Text, words string) {
	words = typedOnly(words)
	was := map[string]*pb.Span{}
	for _, s := range t.GetSpans() {
		if s.GetStart() < s.GetEnd() && int(s.GetEnd()) <= len(t.GetNet()) {
			was[t.GetNet()[s.GetStart():s.GetEnd()]] = s
		}
	}
	var spans []span
	kept := map[int]*pb.Span{} // by where it begins
	bare := []byte(words)
	for _, at := range anyToken.FindAllStringIndex(words, -1) {
		if s := was[words[at[0]:at[1]]]; s != nil {
			kept[at[0]] = s
			spans = append(spans, span{at[0], at[1], noClass})
			for i := at[0]; i < at[1]; i++ {
				bare[i] = ' '
			}
		}
	}
	for _, s := range n.r.engine.scan(bare) {
		if !slices.ContainsFunc(spans, func(k span) bool { return k.start < s.end && s.start < k.end }) {
			spans = append(spans, s)
			continue
		}
		n.swallow(&spans, kept, s)
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	n.write(t, words, spans, kept)
}

// swallow widens a finding over the kept tokens that lie in it: what was found goes whole.
func (n *narrowing) swallow(spans *[]span, kept map[int]*pb.Span, s span) {
	*spans = slices.DeleteFunc(*spans, func(k span) bool {
		if k.start >= s.end || s.start >= k.end {
			return false
		}
		s.start, s.end = min(s.start, k.start), max(s.end, k.end)
		delete(kept, k.start)
		return true
	})
	*spans = append(*spans, s)
}

// write is a corrected text with its tokens.
func (n *narrowing) write(t *pb.Text, words string, spans []span, kept map[int]*pb.Span) {
	names := newNames([16]byte{})
	base := correctedIDs + rand.Uint32N(correctedIDs)
	b := builder{names: names}
	at := 0
	for _, s := range spans {
		b.text.WriteString(words[at:s.start])
		at = s.end
		if k := kept[s.start]; k != nil && s.class == noClass {
			start := uint32(b.text.Len())
			b.text.WriteString(words[s.start:s.end])
			b.spans = append(b.spans, &pb.Span{Start: start, End: uint32(b.text.Len()), Class: k.GetClass(), Id: k.GetId(), Length: k.GetLength()})
			continue
		}
		value := []byte(words[s.start:s.end])
		names.last[s.class] = max(names.last[s.class], base)
		b.token(names.digest(s.class, n.r.engine.normal(s.class, value)), utf8.RuneCount(value))
	}
	b.text.WriteString(words[at:])
	t.Net, t.Spans = b.text.String(), b.spans
}

// typedOnly is what a keyboard can type: valid, bounded, without control characters but line breaks and tabs.
func typedOnly(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "")
	s = strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && (unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Co, unicode.Cs)) {
			return -1
		}
		return c
	}, s)
	for len(s) > mostCorrected {
		_, size := utf8.DecodeLastRuneInString(s[:mostCorrected+1])
		s = s[:mostCorrected+1-size]
	}
	return s
}
