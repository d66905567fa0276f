package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf16"
)

// form is one way in which a text can stand in bytes.
type form struct {
	name  string
	bytes []byte
}

// separators stand between the characters where a program wrote key by key.
var separators = []string{" ", ",", ", ", "\n", "\r\n", "\t", "+", "-", "|", "\n\n", `","`, `", "`, `','`, `', '`, "\"\n\"", "\",\n\"", `"},{"key":"`, `"}` + "\n" + `{"key":"`}

// most is the longest distance between two characters that the stride search tries.
const mostStride = 64

// forms lists the ways in which text can stand somewhere: whole, its digits or letters alone, and halves of what is long.
func forms(text string) []form {
	var out []form
	for _, t := range readings(text) {
		out = append(out, encodings(t)...)
		for _, sep := range separators {
			out = append(out, form{"key by key", []byte(strings.Join(strings.Split(t, ""), sep))})
		}
	}
	return out
}

// readings are the texts of which each betrays the secret.
func readings(text string) []string {
	out := []string{text}
	add := func(t string) {
		for _, o := range out {
			if o == t {
				return
			}
		}
		out = append(out, t)
	}
	bare := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, text)
	add(bare)
	add(strings.ToLower(text))
	add(strings.ToUpper(text))
	if strings.Trim(bare, "0123456789") != "" && len(bare) >= 14 {
		add(bare[:len(bare)/2])
		add(bare[len(bare)/2:])
	}
	return out
}

func encodings(t string) []form {
	out := []form{{"plain", []byte(t)}, {"hex", []byte(hex.EncodeToString([]byte(t)))}, {"HEX", []byte(strings.ToUpper(hex.EncodeToString([]byte(t))))}}
	units := utf16.Encode([]rune(t))
	le, be := make([]byte, 0, 2*len(units)), make([]byte, 0, 2*len(units))
	for _, u := range units {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	out = append(out, form{"UTF-16LE", le}, form{"UTF-16BE", be})
	for _, whole := range [][]byte{[]byte(t), le} {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			for shift := range 3 {
				out = append(out, form{"base64", base64Core(whole, shift, enc)})
			}
		}
	}
	return out
}

// base64Core is what of the base64 of t does not depend on its neighbours, if shift bytes stand before it in its group of three.
func base64Core(t []byte, shift int, enc *base64.Encoding) []byte {
	padded := append(make([]byte, shift), t...)
	s := enc.EncodeToString(padded)
	skip := (shift*8 + 5) / 6
	keep := len(padded) * 8 / 6
	return []byte(s[skip:keep])
}

// strides finds text whose characters lie at equal distances: records of one size, or any one separator that forms does not know.
func strides(data []byte, text string) bool {
	for from := 0; ; from++ {
		i := bytes.IndexByte(data[from:], text[0])
		if i < 0 {
			return false
		}
		from += i
		for step := 2; step <= mostStride && from+step*(len(text)-1) < len(data); step++ {
			if atStride(data[from:], text, step) {
				return true
			}
		}
	}
}

func atStride(data []byte, text string, step int) bool {
	for k := 1; k < len(text); k++ {
		if data[k*step] != text[k] {
			return false
		}
	}
	return true
}
