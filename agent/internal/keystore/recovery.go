package keystore

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// A recovery code is eight groups of eight characters, made to be printed, read aloud and typed again:
// seven characters of data and one check character per group, so that a mistake is found and its group named.
// Data is 256 bits of seed and 24 bits of SHA-256 over it: 280 bits, five to a character.
const (
	groups       = 8
	groupData    = 7
	groupLen     = groupData + 1
	checksumSize = 3
	alphabet     = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: no I, L, O, U
)

// ErrCode means that a recovery code does not fit.
var ErrCode = errors.New("the recovery code is not right")

func encodeRecovery(seed []byte) string {
	symbols := toSymbols(append(append([]byte{}, seed...), recoveryChecksum(seed)...))
	var out strings.Builder
	for g := range groups {
		if g > 0 {
			out.WriteByte('-')
		}
		data := symbols[g*groupData : (g+1)*groupData]
		for _, v := range data {
			out.WriteByte(alphabet[v])
		}
		out.WriteByte(alphabet[groupCheck(g, data)])
	}
	return out.String()
}

func decodeRecovery(code string) ([]byte, error) {
	symbols, err := readSymbols(code)
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, groups*groupData)
	for g := range groups {
		group := symbols[g*groupLen : (g+1)*groupLen]
		if groupCheck(g, group[:groupData]) != group[groupData] {
			return nil, fmt.Errorf("%w: look at group %d of %d", ErrCode, g+1, groups)
		}
		data = append(data, group[:groupData]...)
	}
	b := fromSymbols(data)
	seed, sum := b[:seedSize], b[seedSize:]
	if string(sum) != string(recoveryChecksum(seed)) {
		return nil, fmt.Errorf("%w: compare all groups with the printed code", ErrCode)
	}
	return seed, nil
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
		v := strings.IndexRune(alphabet, r)
		if v < 0 {
			return nil, fmt.Errorf("%w: group %d holds a character that no code has", ErrCode, len(symbols)/groupLen+1)
		}
		if len(symbols) == groups*groupLen {
			return nil, fmt.Errorf("%w: it is too long; it has %d groups of %d", ErrCode, groups, groupLen)
		}
		symbols = append(symbols, byte(v))
	}
	if len(symbols) < groups*groupLen {
		return nil, fmt.Errorf("%w: it is too short; it has %d groups of %d", ErrCode, groups, groupLen)
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
	return byte(sum % len(alphabet))
}

func recoveryChecksum(seed []byte) []byte {
	sum := sha256.Sum256(append([]byte("byleave recovery code v1\x00"), seed...))
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
