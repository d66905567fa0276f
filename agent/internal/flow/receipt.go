package flow

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
)

// The person keeps a receipt of each consent that they gave, and one of its end, whichever way they ended it.

// What the name of a receipt says that happened.
const (
	receiptGiven     = "given"
	receiptWithdrawn = "withdrawn"
)

// endUnseen stands in the receipt of an end that happened before this program could write it down: after a crash, say.
const endUnseen = "withdrawn before this moment, which is when the receipt was written"

// SaveReceipt writes the receipt of a consent that was given for p, and of its end if w tells one, into the person's folder: as JSON
// and for reading.
func SaveReceipt(keys *keystore.Store, p policy.Policy, c policy.Consent, w policy.Withdrawal) error {
	r, err := policy.NewReceipt(p, c, w)
	if err != nil {
		return err
	}
	b, err := r.JSON()
	if err != nil {
		return err
	}
	at, what := time.Unix(c.Message().GetGivenAt(), 0), receiptGiven
	if !w.At.IsZero() {
		at, what = w.At, receiptWithdrawn
	}
	return keys.SaveReceipt(at.UTC().Format("2006-01-02T150405Z-")+receiptEnd(what, c.ID()), b, []byte(r.Text()))
}

// receiptEnd is how the name of a receipt ends.
func receiptEnd(what string, consent [16]byte) string {
	return what + "-" + hex.EncodeToString(consent[:4])
}

// saveEnds writes the receipt of every consent that was withdrawn on this device and has none yet. How tells when and by which gesture
// each ended, as far as this process saw it. A consent that cannot be read any more gets no receipt. An error means: try again later.
func saveEnds(keys *keystore.Store, how map[[16]byte]policy.Withdrawal, now time.Time) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("the receipt of a withdrawal could not be written: %w", err)
		}
	}()
	owed, err := owedEnds(keys)
	if err != nil || len(owed) == 0 {
		return err
	}
	id, err := keys.Identity()
	if err != nil {
		return err
	}
	given, err := keys.Consents()
	if errors.Is(err, keystore.ErrDamaged) {
		err = nil
	}
	for _, g := range given {
		pinned, bad := policy.Parse(g.Policy, id.PolicyKey)
		if bad != nil {
			continue
		}
		c, bad := policy.ParseConsent(g.Consent, id.Verify(), pinned)
		if bad != nil || !owed[c.ID()] {
			continue
		}
		w, seen := how[c.ID()]
		if !seen {
			w = policy.Withdrawal{At: now, Gesture: endUnseen}
		}
		if given := time.Unix(c.Message().GetGivenAt(), 0); w.At.Before(given) {
			w.At = given // the clock was set back; an end comes after its beginning
		}
		if _, bad := policy.NewReceipt(pinned, c, w); bad != nil {
			continue
		}
		err = errors.Join(err, SaveReceipt(keys, pinned, c, w))
	}
	return err
}

// owedEnds are the consents that were withdrawn and have no receipt that says so.
func owedEnds(keys *keystore.Store) (map[[16]byte]bool, error) {
	ids, err := keys.EveryWithdrawn()
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	names, err := keys.Receipts()
	if err != nil {
		return nil, err
	}
	owed := map[[16]byte]bool{}
	for _, id := range ids {
		end := receiptEnd(receiptWithdrawn, id)
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(name, end) }) {
			owed[id] = true
		}
	}
	return owed, nil
}
