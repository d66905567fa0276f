package tlog

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// maxRelease bounds the leaf of a release.
const maxRelease = 4 << 10

// Few is the number of people below which a release tells no numbers.
const Few = 10

// ErrRelease means that a leaf is not that of a release.
var ErrRelease = errors.New("the leaf is not that of an export")

// Release is the leaf of an export, which everybody can read: who took what under which purpose. It names no person, device or consent.
// Boxes are rounded down to tens and bytes to MiB; of fewer than Few people there are no numbers. Times are Unix seconds.
type Release struct {
	Kind      string `json:"kind"` // export
	Export    string `json:"export"`
	Custodian string `json:"custodian"`
	Purpose   string `json:"purpose"`
	Since     int64  `json:"since"` // of arrival; 0 is open
	Until     int64  `json:"until"`
	Few       bool   `json:"few"`
	Boxes     uint64 `json:"boxes"`
	Bytes     uint64 `json:"bytes"`
	Hour      int64  `json:"hour"` // in which it was released
}

// Marshal is the leaf.
func (r Release) Marshal() ([]byte, error) {
	r.Kind = "export"
	body, err := json.Marshal(r)
	if err == nil && len(body) > maxRelease {
		err = ErrRelease
	}
	if err != nil {
		return nil, fmt.Errorf("write the leaf of an export: %w", err)
	}
	return body, nil
}

// ParseRelease reads a leaf. One with fields that it does not know is refused.
func ParseRelease(leaf []byte) (r Release, err error) {
	dec := json.NewDecoder(bytes.NewReader(leaf))
	dec.DisallowUnknownFields()
	if len(leaf) > maxRelease || dec.Decode(&r) != nil || r.Kind != "export" {
		return Release{}, ErrRelease
	}
	if id, err := hex.DecodeString(r.Export); err != nil || len(id) != 16 {
		return Release{}, ErrRelease
	}
	return r, nil
}

// Words says what the release was, to a person.
func (r Release) Words() string {
	size := "boxes of fewer than 10 people"
	if !r.Few {
		size = fmt.Sprintf("at least %d boxes (%d MiB) of 10 or more people", r.Boxes, r.Bytes>>20)
	}
	return fmt.Sprintf("In the hour from %s the custodian “%s” was given %s for the purpose %s: %s.", hour(r.Hour), Plain(r.Custodian), size, Plain(r.Purpose), r.Window())
}

// Window says which boxes were asked for.
func (r Release) Window() string {
	switch {
	case r.Since != 0 && r.Until != 0:
		return "what arrived from " + hour(r.Since) + " to " + hour(r.Until)
	case r.Since != 0:
		return "what arrived since " + hour(r.Since)
	case r.Until != 0:
		return "what arrived before " + hour(r.Until)
	}
	return "whatever had arrived"
}

func hour(unix int64) string { return time.Unix(unix, 0).UTC().Format("2 Jan 2006 15:04 UTC") }

// Plain is text from outside, without what a terminal would obey.
func Plain(s string) string {
	s = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, s)
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}
