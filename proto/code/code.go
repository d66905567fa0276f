package code

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// A code is eight groups of eight characters, made to be printed, read aloud and typed again:
// seven characters of data and one check character per group, so that a mistake is found and its group named.
// Data is 256 bits of secret and 24 bits of SHA-256 over it and over what the code is for: 280 bits, five to a character.
// The shape of a code.
const (
	Size         = 32 // bytes of secret
	Groups       = 8
	groupData    = 7
	GroupLen     = groupData + 1
	checksumSize = 3
	Alphabet     = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: no I, L, O, U
)

// ErrWrong means that a code does not fit; the text around it names the group.
var ErrWrong = errors.New("the code is not right")

// Encode writes 32 bytes as a code. kind says what it is for: a code of one kind is no code of another.
func Encode(kind string, secret []byte) string {
	if len(secret) != Size {
		panic("code: a secret has 32 bytes")
	}
	symbols := toSymbols(append(append([]byte{}, secret...), checksum(kind, secret)...))
	var out strings.Builder
	for g := range Groups {
		if g > 0 {
			out.WriteByte('-')
		}
		data := symbols[g*groupData : (g+1)*groupData]
		for _, v := range data {
			out.WriteByte(Alphabet[v])
		}
		out.WriteByte(Alphabet[groupCheck(g, data)])
	}
	return out.String()
}

// Decode reads what Encode wrote and a person typed: case, blanks and dashes do not matter.
func Decode(kind, code string) ([]byte, error) {
	symbols, err := readSymbols(code)
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, Groups*groupData)
	for g := range Groups {
		group := symbols[g*GroupLen : (g+1)*GroupLen]
		if groupCheck(g, group[:groupData]) != group[groupData] {
			return nil, fmt.Errorf("%w: look at group %d of %d", ErrWrong, g+1, Groups)
		}
		data = append(data, group[:groupData]...)
	}
	b := fromSymbols(data)
	secret, sum := b[:Size], b[Size:]
	if string(sum) != string(checksum(kind, secret)) {
		return nil, fmt.Errorf("%w: compare all groups with the printed code", ErrWrong)
	}
	return secret, nil
}

// readSymbols forgives case, blanks and dashes, and the letters that look like digits.
func readSymbols(code string) ([]byte, error) {
	var symbols []byte
	for _, r := range strings.ToUpper(code) {
		switch r {
		case ' ', '-', '\t', '\n', '\r':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		v := strings.IndexRune(Alphabet, r)
		if v < 0 {
			return nil, fmt.Errorf("%w: group %d holds a character that no code has", ErrWrong, len(symbols)/GroupLen+1)
		}
		if len(symbols) == Groups*GroupLen {
			return nil, fmt.Errorf("%w: it is too long; it has %d groups of %d", ErrWrong, Groups, GroupLen)
		}
		symbols = append(symbols, byte(v))
	}
	if len(symbols) < Groups*GroupLen {
		return nil, fmt.Errorf("%w: it is too short; it has %d groups of %d", ErrWrong, Groups, GroupLen)
	}
	return symbols, nil
}

// groupCheck weighs with odd numbers, which are invertible modulo 32: every single wrong character changes it. The group's
// number takes part, so that two swapped groups are found.
func groupCheck(group int, data []byte) byte {
	sum := 7*group + 5
	for i, v := range data {
		sum += (2*i + 3) * int(v)
	}
	return byte(sum % len(Alphabet))
}

func checksum(kind string, secret []byte) []byte {
	sum := sha256.Sum256(append([]byte("byleave "+kind+" code v1\x00"), secret...))
	return sum[:checksumSize]
}

// toSymbols splits bytes into values of five bits; len(b) is a multiple of five.
func toSymbols(b []byte) []byte {
	var out []byte
	for i := 0; i+5 <= len(b); i += 5 {
		v := uint64(b[i])<<32 | uint64(b[i+1])<<24 | uint64(b[i+2])<<16 | uint64(b[i+3])<<8 | uint64(b[i+4])
		for shift := 35; shift >= 0; shift -= 5 {
			out = append(out, byte(v>>shift)&31)
		}
	}
	return out
}

func fromSymbols(s []byte) []byte {
	var out []byte
	for i := 0; i+8 <= len(s); i += 8 {
		var v uint64
		for _, x := range s[i : i+8] {
			v = v<<5 | uint64(x)
		}
		out = append(out, byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return out
}
