package redact

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

func TestTitles(t *testing.T) {
	r := newRedactor(t)
	for in, want := range map[string]string{
		"notes.txt - Mousepad":                    "notes.txt - Mousepad",
		"mail to jane@example.com":                "mail to <EMAIL#1>",
		"\x1b[31mred\x1b[0m \x1b]0;own\aed":       "red ed",
		"a\u202eb\u2066c\u200bd\u0000e":           "abcde",
		"bad \xff\xfe utf8":                       "bad \ufffd\ufffd utf8",
		"two\nlines\tand":                         "two lines and",
		"4539\u200b1488\u200b0343\u200b6467 x":    "<CARD#1> x",
		"\x1b[":                                   "",
		"\x1b]never ends 4539148803436467":        "",
		"1\x1b[0m23-45-67\x1b[1m89 \x9b2J \u009b": "<SSN#1> \ufffd2J ",
	} {
		if got := r.title(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	long := r.title(strings.Repeat("a b ", 1<<18))
	if len(long) > mostTitle || len(long) < mostTitle-20 {
		t.Errorf("a title of a megabyte became one of %d bytes", len(long))
	}
	for n := range 300 {
		got := r.title(strings.Repeat("é ", n) + "4539148803436467 and on and on" + strings.Repeat(" so", 90))
		if strings.Contains(got, "4539") || len(got) > mostTitle || !utf8.ValidString(got) || strings.Count(got, "<") != strings.Count(got, ">") {
			t.Fatalf("cut after %d characters: %q", n, got)
		}
	}
}

// checkTitle fails if a title could do harm in a terminal, in JSON or on a page, or is too long.
func checkTitle(t *testing.T, got string) {
	if len(got) > mostTitle || !utf8.ValidString(got) {
		t.Fatalf("%d bytes, valid %v", len(got), utf8.ValidString(got))
	}
	for _, c := range got {
		if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) {
			t.Fatalf("%q has %U", got, c)
		}
	}
}

func FuzzTitle(f *testing.F) {
	for _, s := range []string{"notes - Mousepad", "\x1b[31mred", "\x1b]0;x\a", "\u202eabc", "\xff\xfe", "4539 1488 0343 6467", "-----BEGIN X-----"} {
		f.Add(s)
	}
	r := newRedactor(f)
	f.Fuzz(func(t *testing.T, s string) {
		checkTitle(t, r.title(s))
		if got := r.title(s + " jane.doe42@example.com "); strings.Contains(got, "doe42@exa") {
			t.Fatalf("the address came out: %q", got)
		}
	})
}

// FuzzText types anything around a secret, with anything between: it must not come out.
func FuzzText(f *testing.F) {
	f.Add("hello ", "\b\b", uint8(3))
	f.Add("-----BEGIN ", "\n", uint8(9))
	f.Add("\u202e\u200b", "é ١٢٣", uint8(200))
	r := newRedactor(f)
	f.Fuzz(func(t *testing.T, before, after string, cut uint8) {
		r.Flush()
		const secret = "4539 1488 0343 6467"
		typed := keys(before + " " + secret + " " + after)
		n := int(cut) % (len(typed) + 1)
		got := r.Apply(raw.Wrap(textStep(t, 7, typed[:n:n])))
		got = append(got, r.Apply(raw.Wrap(textStep(t, 7, typed[n:])))...)
		out := nets(append(got, r.Flush()...))
		if strings.Contains(before+after, "4539") || strings.Contains(before+after, "0343") {
			return
		}
		if strings.Contains(out, "4539 1") || strings.Contains(out, "0343 6") || !utf8.ValidString(out) {
			t.Fatalf("typed %q and %q, got %q", before, after, out)
		}
	})
}
