package redact

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// leastWallet is how many characters an address has at least.
const leastWallet = 25

// findWallet finds addresses of crypto currencies: base58check (Bitcoin and its kin), bech32, 0x with 40 hex digits, and those with the name of the
// currency and a colon in front.
func findWallet(s *search) error {
	for _, l := range s.longs {
		for i := l.start; l.end-i >= leastWallet; {
			start := i
			for i < l.end && alnum(s.text[i]) {
				i++
			}
			if t := s.text[start:i]; len(t) >= leastWallet && len(t) <= 108 && isWallet(t) {
				s.add(start, i, wallet)
			} else if len(t) >= leastCash && len(t) <= mostCash {
				s.cash(start, i)
			}
			i = max(i, start+1)
		}
	}
	return nil
}

func isWallet(t []byte) bool {
	switch {
	case len(t) == 42 && t[0] == '0' && (t[1] == 'x' || t[1] == 'X'):
		for _, c := range t[2:] {
			if kindOf[c] != isDigit && (lower(c) < 'a' || lower(c) > 'f') {
				return false
			}
		}
		return true
	case len(t) <= 36 && bytes.IndexByte([]byte("123mnLMDXrtA9"), t[0]) >= 0:
		return base58check(t)
	}
	return bech32(t)
}

const (
	base58Bitcoin = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	base58Ripple  = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
)

// base58check decodes 25 bytes whose last four are the check of the others.
func base58check(t []byte) bool {
	alphabet := base58Bitcoin
	if t[0] == 'r' {
		alphabet = base58Ripple
	}
	var limbs [7]uint32 // of 32 bits, the highest one first: room for 36 letters
	for _, c := range t {
		carry := uint64(strings.IndexByte(alphabet, c))
		if carry > 58 {
			return false
		}
		for i := len(limbs) - 1; i >= 0; i-- {
			carry += uint64(limbs[i]) * 58
			limbs[i], carry = uint32(carry), carry>>32
		}
	}
	if limbs[0] > 0xff {
		return false
	}
	var out [28]byte
	for i, l := range limbs {
		binary.BigEndian.PutUint32(out[4*i:], l)
	}
	once := sha256.Sum256(out[3:24])
	twice := sha256.Sum256(once[:])
	return bytes.Equal(twice[:4], out[24:])
}

const bech32Letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32 checks BIP 173 and BIP 350 addresses.
func bech32(t []byte) bool {
	one := bytes.LastIndexByte(t, '1')
	if one < 1 || one > 10 || len(t)-one < 7 {
		return false
	}
	sum := uint32(1)
	step := func(v byte) {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 != 0 {
				sum ^= g
			}
		}
	}
	for _, c := range t[:one] {
		step(lower(c) >> 5)
	}
	step(0)
	for _, c := range t[:one] {
		step(lower(c) & 31)
	}
	for _, c := range t[one+1:] {
		v := bytes.IndexByte([]byte(bech32Letters), lower(c))
		if v < 0 {
			return false
		}
		step(byte(v))
	}
	return sum == 1 || sum == 0x2bc830a3
}

// leastCash and mostCash are how many characters an address of Bitcoin Cash and its kin has behind its colon.
const leastCash, mostCash = 42, 112

// cash takes an address of Bitcoin Cash and its kin from start to end with the name before its colon, bitcoincash:qp..., kaspa:qr..., if its check is right. It may
// stand without the name.
func (s *search) cash(start, end int) {
	t := s.text[start:end]
	if !byteIn(t[0], "qpzr") {
		return
	}
	name, from := []byte("bitcoincash"), start
	if start > 0 && s.text[start-1] == ':' {
		for from = start - 1; from > 0 && kindOf[s.text[from-1]] == isLetter && start-from < 16; {
			from--
		}
		name = s.text[from : start-1]
	}
	sum := uint64(1)
	for _, c := range name {
		sum = cashStep(sum, c&31)
	}
	sum = cashStep(sum, 0)
	for _, c := range t {
		v := strings.IndexByte(bech32Letters, c)
		if v < 0 {
			return
		}
		sum = cashStep(sum, byte(v))
	}
	if sum == 1 {
		s.add(from, end, wallet)
	}
}

// cashStep takes one more value into the check of such an address.
func cashStep(sum uint64, v byte) uint64 {
	top := byte(sum >> 35)
	sum = (sum&0x7ffffffff)<<5 ^ uint64(v)
	for i, g := range [...]uint64{0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470} {
		if top>>i&1 != 0 {
			sum ^= g
		}
	}
	return sum
}
