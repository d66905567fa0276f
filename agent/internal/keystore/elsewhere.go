package keystore

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const elsewhereFile = "elsewhere.json"

// maxHeard bounds what is remembered of other devices. It lies far above what one person does.
const maxHeard = 4096

// elsewhereJSON is what this device heard of what its person did on others.
type elsewhereJSON struct {
	Mark  []byte    `json:"mark,omitempty"`  // of the last news that was acted upon
	Since time.Time `json:"since,omitzero"`  // since when the person is to decide here
	Heard []string  `json:"heard,omitempty"` // consents of other devices whose withdrawal was heard of, oldest first
}

// HearElsewhere notes withdrawals of consents that the person gave on other devices. Each counts once: with stop, one that is new leaves
// the person to decide here, from now on, and fresh is true.
func (s *Store) HearElsewhere(consents [][16]byte, stop bool, now time.Time) (fresh bool, err error) {
	err = s.changeElsewhere(func(j *elsewhereJSON) bool {
		for _, c := range consents {
			if id := hex.EncodeToString(c[:]); !slices.Contains(j.Heard, id) {
				j.Heard, fresh = append(j.Heard, id), true
			}
		}
		j.Heard = j.Heard[max(0, len(j.Heard)-maxHeard):]
		if fresh && stop && j.Since.IsZero() {
			j.Since = now.UTC().Truncate(time.Second)
		}
		return fresh
	})
	return fresh && stop, err
}

// Elsewhere is since when the person is to decide here, because they withdrew on another device; the zero time if they are not. With an
// error they are.
func (s *Store) Elsewhere() (time.Time, error) {
	j, err := s.readElsewhere()
	return j.Since, err
}

// ForgetElsewhere notes that the person decided here. What was heard of stays known, so that it counts once.
func (s *Store) ForgetElsewhere() error {
	return s.changeElsewhere(func(j *elsewhereJSON) bool {
		open := !j.Since.IsZero()
		j.Since = time.Time{}
		return open
	})
}

// SaveMark notes the mark of news that was acted upon.
func (s *Store) SaveMark(mark [32]byte) error {
	return s.changeElsewhere(func(j *elsewhereJSON) bool {
		known := slices.Equal(j.Mark, mark[:])
		j.Mark = mark[:]
		return !known
	})
}

// Mark is the mark of the last news that was acted upon, zeros if there were none.
func (s *Store) Mark() (mark [32]byte) {
	if j, err := s.readElsewhere(); err == nil && len(j.Mark) == len(mark) {
		mark = [32]byte(j.Mark)
	}
	return mark // unknown: they are told again
}

func (s *Store) readElsewhere() (j elsewhereJSON, err error) {
	b, err := s.read(elsewhereFile)
	if err != nil || b == nil {
		return j, err
	}
	if err := json.Unmarshal(b, &j); err != nil {
		return elsewhereJSON{}, fmt.Errorf("%s: %w; give the consent again", elsewhereFile, ErrDamaged)
	}
	return j, nil
}

// changeElsewhere writes what change makes of the file, if it says that something changed. A damaged file begins anew: what was heard is
// told again.
func (s *Store) changeElsewhere(change func(*elsewhereJSON) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.readElsewhere()
	if changed := change(&j); !changed && err == nil {
		return nil
	}
	b, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("encode %s: %w", elsewhereFile, err)
	}
	return s.write(elsewhereFile, b)
}
