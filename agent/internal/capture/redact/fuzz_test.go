package redact

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCanary puts a value that must never come out between any other text. A detector that panics would show as an opaque whole.
func FuzzCanary(f *testing.F) {
	for _, c := range detectorCases {
		f.Add(c.text, c.want)
	}
	f.Add("Dear Mr. ", " of 12 Baker Street, London SW1A 1AA, born 3.4.1980")
	f.Add("-----BEGIN PRIVATE KEY-----", "\n\n\x00\xff\u202e")
	f.Add("%41%4", "eyJhbGciOi")
	r := newRedactor(f)
	const canary = "4539 1488 0343 6467"
	f.Fuzz(func(t *testing.T, before, after string) {
		text := before + " " + canary + " " + after
		net, found := r.Text(text)
		if strings.Contains(net, "1488") && !strings.Contains(before+after, "1488") || strings.Contains(net, "0343") && !strings.Contains(before+after, "0343") {
			t.Errorf("left in %q: %q", text, net)
		}
		at, n := 0, utf8.RuneCountInString(text)
		for _, s := range found {
			if s.Start < at || s.End <= s.Start || s.End > n {
				t.Fatalf("%q: spans %v of %d characters", text, found, n)
			}
			at = s.End
		}
	})
}

// FuzzDetectors runs each detector without the net that catches panics.
func FuzzDetectors(f *testing.F) {
	for _, c := range detectorCases {
		f.Add([]byte(c.text))
	}
	f.Add([]byte("Apt. 5\n\nCity of\n12 Rue de la Paix, 75002 Paris, the corner of A and B\nName:\n"))
	e := newRedactor(f).engine
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &e.search
		*s = search{engine: e, found: s.found[:0], people: s.people[:0]}
		e.folded.fold(text)
		s.text = e.folded.text
		e.spot(s.text, &s.gate)
		if e.read(s.text, &s.gate) != nil {
			return
		}
		for i := range e.detectors {
			if err := e.detectors[i].find(s); err != nil {
				return
			}
		}
		for _, f := range s.found {
			if f.start < 0 || f.end > len(s.text) || f.start >= f.end {
				t.Fatalf("span %v of %d bytes", f, len(s.text))
			}
		}
	})
}
