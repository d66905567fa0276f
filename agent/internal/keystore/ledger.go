package keystore

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const ledgerFile = "ledger.seen"

// ledgerJSON is what was seen of the public ledger last.
type ledgerJSON struct {
	Key  []byte `json:"key"`
	Note string `json:"note"` // signed
}

// SaveSeen stores the newest checkpoint that was proved to continue the one before, and the key that signed it.
func (s *Store) SaveSeen(signed, key []byte) error {
	b, err := json.MarshalIndent(ledgerJSON{key, string(signed)}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode what was seen of the ledger: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(ledgerFile, b)
}

// Seen returns what SaveSeen stored, nil if nothing was. With an error nobody can tell whether the ledger's past was rewritten.
func (s *Store) Seen() (signed, key []byte, err error) {
	b, err := s.read(ledgerFile)
	if err != nil || b == nil {
		return nil, nil, err
	}
	if signed, key, err = ParseSeen(b); err != nil {
		return nil, nil, fmt.Errorf("%w; restore it from a copy, or remove it and look at the ledger as for the first time", err)
	}
	return signed, key, nil
}

// ParseSeen reads a copy of the file in which SaveSeen stores.
func ParseSeen(b []byte) (signed, key []byte, err error) {
	var j ledgerJSON
	if err := json.Unmarshal(b, &j); err != nil || j.Note == "" {
		return nil, nil, fmt.Errorf("%s: %w", ledgerFile, ErrDamaged)
	}
	return []byte(j.Note), j.Key, nil
}

const (
	listedFile    = "ledger.arrived"
	listedFileOld = "ledger.boxes" // from before it was noted when boxes arrived
)

// Listed is a box that the collector listed.
type Listed struct {
	Batch [16]byte
	Hour  time.Time // in which it arrived, as the collector says; zero: not noted
}

// maxListed bounds how many boxes are remembered; more than a year of a person's.
const maxListed = 200_000

// SaveListed stores which boxes the collector listed at t, when everything fitted, at most maxListed: none of them may vanish later without the
// person's word.
func (s *Store) SaveListed(t time.Time, boxes []Listed) error {
	b := binary.BigEndian.AppendUint64(nil, uint64(t.Unix()))
	for _, l := range boxes[:min(maxListed, len(boxes))] {
		b = binary.BigEndian.AppendUint32(append(b, l.Batch[:]...), uint32(l.Hour.Unix()/3600))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(listedFile, b)
}

// Listed returns what SaveListed stored.
func (s *Store) Listed() (t time.Time, boxes []Listed, err error) {
	name, size := listedFile, 20
	b, err := s.read(name)
	if err == nil && b == nil {
		name, size = listedFileOld, 16
		b, err = s.read(name)
	}
	if err != nil || b == nil {
		return t, nil, err
	}
	if len(b) < 8 || (len(b)-8)%size != 0 {
		return t, nil, fmt.Errorf("%s: %w; remove it, and only what has a copy here is looked for", name, ErrDamaged)
	}
	t = time.Unix(int64(binary.BigEndian.Uint64(b)), 0)
	for b = b[8:]; len(b) > 0; b = b[size:] {
		l := Listed{Batch: [16]byte(b)}
		if size > 16 {
			l.Hour = time.Unix(int64(binary.BigEndian.Uint32(b[16:]))*3600, 0)
		}
		boxes = append(boxes, l)
	}
	return t, boxes, nil
}

// Told is a stub or withdrawal that the collector acknowledged, and when.
type Told struct {
	Stub []byte
	At   time.Time
}

// Told returns everything that the collector acknowledged of consents.
func (s *Store) Told() ([]Told, error) {
	names, err := s.names(stubPrefix, told)
	if err != nil {
		return nil, err
	}
	var out []Told
	for _, name := range names {
		info, err := os.Lstat(filepath.Join(s.dir, name))
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", name, err)
		}
		b, err := s.read(name)
		if err != nil {
			return nil, err
		}
		out = append(out, Told{b, info.ModTime()})
	}
	return out, nil
}
