package redact

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"pgregory.net/rapid"
)

// secretKinds make random secrets. None has four characters in a row that prose has.
var secretKinds = []struct {
	class string
	make  func(*rand.Rand) string
}{
	{"CARD", func(r *rand.Rand) string {
		d := "4" + randomOf(r, "0123456789", 14)
		for c := '0'; c <= '9'; c++ {
			if s := d + string(c); luhn([]byte(s)) {
				sep := []string{"", " ", "-"}[r.IntN(3)]
				return s[:4] + sep + s[4:8] + sep + s[8:12] + sep + s[12:]
			}
		}
		panic("no check digit")
	}},
	{"SSN", func(r *rand.Rand) string {
		return fmt.Sprintf("%03d-%02d-%04d", 100+r.IntN(500), 1+r.IntN(99), 1+r.IntN(9999))
	}},
	{"EMAIL", func(r *rand.Rand) string {
		return randomOf(r, "bcdfgkqz", 3) + randomOf(r, "0123456789", 2) + "." + randomOf(r, "bcdfgkqz", 5) + "@" + randomOf(r, "qzxkwv", 6) + ".org"
	}},
	{"SECRET", func(r *rand.Rand) string { return "AKIA" + randomOf(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16) }},
	{"IBAN", func(r *rand.Rand) string {
		bban := randomOf(r, "0123456789", 18)
		for c := range 98 {
			if s := fmt.Sprintf("DE%02d%s", c, bban); mod97([]byte(s)) {
				return s[:4] + " " + s[4:8] + " " + s[8:12] + " " + s[12:16] + " " + s[16:20] + " " + s[20:]
			}
		}
		panic("no check digits")
	}},
	{"TOKEN", func(r *rand.Rand) string {
		return randomOf(r, "abcdefghijklmnopqrstuvwxyz", 1) + randomOf(r, "0123456789abcdefABCDEF", 31)
	}},
}

func randomOf(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// stream is a person at a keyboard, with typos, pauses, clicks and looks elsewhere.
type stream struct {
	t     *testing.T
	rnd   *rand.Rand
	red   *Redactor
	batch []raw.Key
	log   strings.Builder // for the report of a failure
	out   []Event
	wild  bool // clicks, saves and flushes in the middle of a secret too
}

func (s *stream) rune(c rune) {
	s.batch = append(s.batch, raw.Key{At: start.Boot, Rune: c})
	fmt.Fprintf(&s.log, "%c", c)
}

func (s *stream) edit(e raw.Edit, name string) {
	s.batch = append(s.batch, raw.Key{At: start.Boot, Edit: e})
	s.log.WriteString("{" + name + "}")
}

func (s *stream) pause() {
	if len(s.batch) > 0 {
		s.out = append(s.out, s.red.Apply(raw.Wrap(textStep(s.t, 7, s.batch)))...)
		s.batch = nil
		s.log.WriteString("|")
	}
}

// breaks is something that makes text leave early.
func (s *stream) breaks() {
	s.pause()
	switch s.rnd.IntN(4) {
	case 0:
		s.log.WriteString("{flush}")
		s.out = append(s.out, s.red.Flush()...)
	case 1:
		s.log.WriteString("{click}")
		s.out = append(s.out, s.red.Apply(click(s.t))...)
	case 2:
		s.log.WriteString("{ctrl+s}")
		s.out = append(s.out, s.red.Apply(hotkey(s.t, "ctrl+s", raw.Unknown))...)
	case 3:
		s.log.WriteString("{gap}")
		s.out = append(s.out, s.red.Apply(raw.Wrap(raw.Step{Kind: raw.Gap, From: start, Until: start.Add(time.Second)}))...)
	}
}

// types writes text the way people do. Corrections leave it as it should be.
func (s *stream) types(text string, secret bool) {
	for _, c := range text {
		switch n := s.rnd.IntN(100); {
		case n < 6: // a typo, seen at once or after two more
			wrong := 1 + s.rnd.IntN(3)
			for range wrong {
				s.rune(rune("abckz0189"[s.rnd.IntN(9)]))
			}
			s.maybePause()
			for range wrong {
				s.edit(raw.Backspace, "bs")
			}
		case n < 9: // caret out and back
			k := 1 + s.rnd.IntN(2)
			for range k {
				s.edit(raw.Left, "left")
			}
			for range k {
				s.edit(raw.Right, "right")
			}
		case n < 12 && s.wild && secret:
			s.breaks()
		}
		s.rune(c)
		s.maybePause()
	}
}

func (s *stream) maybePause() {
	if s.rnd.IntN(12) == 0 {
		s.pause()
	}
}

func hotkey(t testing.TB, combo string, e raw.Edit) raw.Event {
	return raw.Wrap(raw.Step{Kind: raw.Hotkey, From: start, Until: start, Permit: permit(t, all()), Focus: 7, Combo: combo, Keys: []raw.Key{{Edit: e}}})
}

// leak is a run of four characters of the secret in the output, "" if there is none.
func leak(secret, out string) string {
	for i := 0; i+4 <= len(secret); i++ {
		if strings.Contains(out, secret[i:i+4]) {
			return secret[i : i+4]
		}
	}
	return ""
}

var prose = []string{"please see ", "the report for ", "and then ", "it was, as said, ", "we agree. "}

func runStream(t *testing.T, seed uint64, wild bool) (s *stream, secrets []string) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	s = &stream{t: t, rnd: rnd, red: sharedRedactor(t), wild: wild}
	s.red.Flush()
	for range 1 + rnd.IntN(2) {
		s.types(prose[rnd.IntN(len(prose))], false)
		k := secretKinds[rnd.IntN(len(secretKinds))]
		secret := k.make(rnd)
		secrets = append(secrets, secret)
		s.types(secret, true)
		if rnd.IntN(4) == 0 { // regret it
			for range rnd.IntN(len(secret)) {
				s.edit(raw.Backspace, "bs")
			}
		}
		if rnd.IntN(5) == 0 {
			s.breaks()
		}
		s.types(" ", false)
	}
	s.types(prose[rnd.IntN(len(prose))], false)
	s.pause()
	s.out = append(s.out, s.red.Flush()...)
	return s, secrets
}

var classToken = regexp.MustCompile(`<[A-Z]+#[0-9]+>`)

var shared *Redactor

func sharedRedactor(t *testing.T) *Redactor {
	if shared == nil {
		shared = newRedactor(t)
	}
	return shared
}

// TestStreams types secrets in thousands of ways; no four characters of one may come out.
func TestStreams(t *testing.T) {
	for _, wild := range []bool{false, true} {
		t.Run(fmt.Sprintf("wild=%v", wild), func(t *testing.T) {
			bad := 0
			for seed := range uint64(6000) {
				s, secrets := runStream(t, seed, wild)
				out := classToken.ReplaceAllString(nets(s.out), "#")
				for _, secret := range secrets {
					if l := leak(secret, out); l != "" {
						if bad++; bad <= 8 {
							t.Errorf("seed %d: %q of %q came out\n typed %s\n got %q", seed, l, secret, s.log.String(), out)
						}
					}
				}
			}
			if bad > 0 {
				t.Errorf("%d streams leaked", bad)
			}
		})
	}
}

// TestStreamsNamed sees to it that unbroken secrets come out as tokens of their class, and prose as it was.
func TestStreamsNamed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		k := secretKinds[rapid.IntRange(0, len(secretKinds)-1).Draw(rt, "kind")]
		red := sharedRedactor(t)
		red.Flush()
		var out []Event
		text := "please send " + k.make(rnd) + " to the office\n"
		for len(text) > 0 {
			n := rapid.IntRange(1, len(text)).Draw(rt, "chunk")
			out = append(out, red.Apply(raw.Wrap(textStep(t, 7, keys(text[:n]))))...)
			text = text[n:]
		}
		got := strings.ReplaceAll(nets(append(out, red.Flush()...)), "\n", "")
		if !strings.HasPrefix(got, "please send <"+k.class+"#") || !strings.HasSuffix(got, "> to the office") {
			rt.Fatalf("got %q, want one token of class %s", got, k.class)
		}
	})
}
