package redact

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTypedText(t *testing.T) {
	for _, c := range []struct{ name, typed, want string }{
		{"prose", "Dear all, the report is late.\n", "Dear all, the report is late.\n\n"},
		{"name", "Dear Anna, the report is late.\n", "Dear <PERSON#1>, the report is late.\n\n"},
		{"ssn", "my ssn is 123-45-6789 ok\n", "my ssn is <SSN#1> ok\n\n"},
		{"card", "pay 4539 1488 0343 6467 now\n", "pay <CARD#1> now\n\n"},
		{"email", "write to jane.doe@example.com soon\n", "write to <EMAIL#1> soon\n\n"},
		{"aws", "key AKIAIOSFODNN7EXAMPLF end\n", "key <SECRET#1> end\n\n"},
		{"typos", "pay 4539 1489\b8 0343 64677\b now\n", "pay <CARD#1> now\n\n"},
		{"deleted", "123-45-6789\b\b\b\b\b ok\n", "<SSN#1> ok\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRedactor(t)
			got := nets(append(typeText(t, r, c.typed), r.Flush()...))
			if got != c.want {
				t.Errorf("typed %q\n got %q\nwant %q", c.typed, got, c.want)
			}
		})
	}
}

// TestNumbers gives more values than a session remembers: each has a number of its own, which those that are remembered keep.
func TestNumbers(t *testing.T) {
	n := newNames([16]byte{})
	value := func(i int) digest { return n.digest(number, binary.BigEndian.AppendUint32(nil, uint32(i))) }
	for i := range 2 * mostNames {
		if got := n.id(value(i)); got != uint32(i+1) || n.knows(value(i)) != (i < mostNames) {
			t.Fatalf("value %d has number %d, known %v", i, got, n.knows(value(i)))
		}
	}
	for i := range mostNames {
		if got := n.id(value(i)); got != uint32(i+1) {
			t.Fatalf("value %d has number %d later", i, got)
		}
	}
	if got := n.id(n.digest(card, []byte{0, 0, 0, 0})); got != 1 {
		t.Errorf("the first card has number %d", got)
	}
}

// TestCounter holds that characters are counted as everybody counts them, wherever the stretches begin and end.
func TestCounter(t *testing.T) {
	for _, text := range []string{"", "plain", strings.Repeat("plain text, ", 9), "Müller, Jürgen und " + strings.Repeat("Ä", 20), strings.Repeat("a", 30) + "密码" + strings.Repeat("b", 30) + "é"} {
		for step := 1; step < 12; step++ {
			c := counter{text: []byte(text), count: beginnings}
			for i := 0; i <= len(text); i += step {
				if !utf8.RuneStart(append([]byte(text), 0)[i]) {
					continue
				}
				if got, want := c.upTo(i), utf8.RuneCountInString(text[:i]); got != want {
					t.Errorf("%q has %d characters before byte %d, not %d", text, want, i, got)
				}
			}
		}
	}
}
