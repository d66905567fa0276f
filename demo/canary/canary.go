package canary

import (
	"fmt"
	"image/color"
	"math/rand/v2"
	"strings"
)

// Canary is one planted secret. Text is empty for one that is a colour pattern only.
type Canary struct {
	Name    string
	Planted string // where, for people
	Text    string
	Colours []color.RGBA // of its stripes, if it was shown
}

// Maker makes canaries from a seed.
type Maker struct{ rnd *rand.Rand }

// NewMaker makes a maker; the same seed gives the same canaries.
func NewMaker(seed int64) *Maker { return &Maker{rand.New(rand.NewPCG(uint64(seed), 0xca9a27))} }

// letters leaves out what OCR takes for something else.
const letters = "abcdefghkmnpqrstuvwxyz"

// Word is a canary of 16 random letters.
func (m *Maker) Word(name, planted string) Canary {
	return Canary{Name: name, Planted: planted, Text: m.pick(letters, 16)}
}

// Shown is a word with four stripes of colours that no theme uses.
func (m *Maker) Shown(name, planted string) Canary {
	c := m.Word(name, planted)
	c.Colours = []color.RGBA{{0xe7, 0x13, 0x8d, 255}, {0x1f, 0xd4, 0x5a, 255}, {0xf2, 0xa1, 0x07, 255}, {0x3b, 0x21, 0xe9, 255}}
	for i := range c.Colours {
		c.Colours[i].R ^= uint8(m.rnd.IntN(8))
		c.Colours[i].B ^= uint8(m.rnd.IntN(8))
	}
	return c
}

// SSN is a social security number as people write it; its parts are in the ranges that are given out.
func (m *Maker) SSN() Canary {
	area := 100 + m.rnd.IntN(560) // 666 and 900 up are never given out
	return Canary{Name: "ssn", Planted: "consented editor, text", Text: fmt.Sprintf("%03d-%02d-%04d", area, 10+m.rnd.IntN(89), 1000+m.rnd.IntN(8999))}
}

// Card is a card number with a right check digit, in groups of four.
func (m *Maker) Card() Canary {
	n := "4" + m.pick("0123456789", 14)
	n += string(rune('0' + luhn(n)))
	return Canary{Name: "card", Planted: "consented editor, text", Text: n[:4] + " " + n[4:8] + " " + n[8:12] + " " + n[12:]}
}

// luhn is the check digit that makes n valid.
func luhn(n string) int {
	sum := 0
	for i := range len(n) {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return (10 - sum%10) % 10
}

// Email is an address.
func (m *Maker) Email() Canary {
	return Canary{Name: "email", Planted: "consented editor, text", Text: m.pick(letters, 9) + "." + m.pick(letters, 8) + "@" + m.pick(letters, 7) + ".com"}
}

// AWSKey is an access key id.
func (m *Maker) AWSKey() Canary {
	return Canary{Name: "aws-key", Planted: "consented editor, text", Text: "AKIA" + m.pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)}
}

func (m *Maker) pick(from string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(from[m.rnd.IntN(len(from))])
	}
	return b.String()
}
