package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/tlog"
)

// What the person did with the agent takes effect in RAM first and becomes durable after that. Where the disk refuses, it holds
// all the same, the person hears so, and runDeadline tries again until it is durable.

// unsaved is what holds in RAM and is not durable yet.
type unsaved struct {
	pause   *time.Time // nil: nothing to save
	consent map[[16]byte]bool
	ends    map[[16]byte]policy.Withdrawal // of every consent that ended while this agent runs, for its receipt
}

// Withdrawal is the person's gesture, in the words that stand in the receipts: "terminal: byleave consent withdraw".
type Withdrawal struct {
	Gesture string `json:"gesture"`
}

// Withdrawn says how many consents a withdrawal ended, and why a receipt of it is missing; that never holds a withdrawal up.
type Withdrawn struct {
	Consents int    `json:"consents"`
	Receipts string `json:"receipts,omitempty"`
}

// Withdraw ends every consent that was given on this device and not withdrawn yet, the one in force and those that it replaced, and
// writes the receipt of each. It goes on with the rest where one fails; call it again. A running agent must be told: its verb withdraw
// does both.
func Withdraw(keys *keystore.Store, id keystore.Identity, how policy.Withdrawal) (Withdrawn, error) {
	standing, err := readStanding(keys, id)
	n, ends := Withdrawn{}, map[[16]byte]policy.Withdrawal{}
	for consent, stub := range standing {
		if one := withdraw(keys, id, consent, stub); one != nil {
			err = errors.Join(err, one)
			continue
		}
		ends[consent] = how
		n.Consents++
	}
	if owed := saveEnds(keys, ends, how.At); owed != nil {
		n.Receipts = owed.Error()
	}
	return n, err
}

// readStanding gives the stubs of all consents that stand, by the consent's id. With an error it may lack some.
func readStanding(keys *keystore.Store, id keystore.Identity) (map[[16]byte][]byte, error) {
	stubs, err := keys.Standing()
	standing := map[[16]byte][]byte{}
	for _, stub := range stubs {
		m, one := policy.ParseStub(stub, id.Verify())
		if one != nil {
			err = errors.Join(err, one)
			continue
		}
		standing[[16]byte(m.GetId())] = stub
	}
	return standing, err
}

// withdraw makes the withdrawal of one consent durable.
func withdraw(keys *keystore.Store, id keystore.Identity, consent [16]byte, stub []byte) error {
	if err := keys.Withdraw(consent); !errors.Is(err, keystore.ErrUnprepared) {
		return err
	}
	signed, err := signWithdrawal(keys, id, consent, stub)
	if err != nil {
		return err
	}
	return keys.SaveWithdrawal(signed)
}

// signWithdrawal makes a withdrawal that the person's other devices know for theirs. Where that cannot be it is made all the same.
func signWithdrawal(keys *keystore.Store, id keystore.Identity, consent [16]byte, stub []byte) ([]byte, error) {
	code, err := keys.ErasureCode()
	if err != nil {
		return policy.SignWithdrawal(stub, nil, id.Sign)
	}
	word := tlog.SecretOf(code).Word(consent)
	return policy.SignWithdrawal(stub, word[:], id.Sign)
}

// prepare signs a withdrawal of a consent before anything is recorded under it, so that the person can end it even when the disk
// is full.
func (a *agent) prepare(id keystore.Identity, c policy.Consent) error {
	stub, err := policy.SignStub(c, false, id.Sign)
	if err == nil {
		stub, err = signWithdrawal(a.keys, id, c.ID(), stub)
	}
	if err == nil {
		err = a.keys.PrepareWithdrawal(stub)
	}
	if err != nil {
		return fmt.Errorf("nothing is recorded under a consent that could not be withdrawn at any time: %w", err)
	}
	return nil
}

// withdraw is the verb of the terminal and of the page.
func (a *agent) withdraw(_ context.Context, in json.RawMessage) (any, error) {
	var w Withdrawal
	if json.Unmarshal(in, &w) != nil || w.Gesture == "" { // no form of asking makes it harder
		w.Gesture = "asked of the running agent"
	}
	return a.endAll(w.Gesture)
}

// endAll is the person's word that nothing more may be recorded, wherever they said it. Recording has stopped before anything is written.
func (a *agent) endAll(gesture string) (Withdrawn, error) {
	a.rules.Store(nil) // first: whoever the gate wakes must find that there is no consent, and let go of the display
	a.gate.Withdraw()
	err := a.end(policy.Withdrawal{At: a.clock.now().Wall, Gesture: gesture})
	n := Withdrawn{Consents: a.ending()}
	if err := errors.Join(err, a.load()); err != nil { // destroys first, which may make the room that the rest needs
		return n, err
	}
	words := a.unsavedWords.Load()
	switch {
	case words == nil:
	case a.ending() > 0:
		return n, errors.New(*words)
	default:
		n.Receipts = *words
	}
	return n, nil
}

// end notes in RAM that every consent of this device has ended, and how.
func (a *agent) end(how policy.Withdrawal) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	note := func(consent [16]byte) {
		a.unsaved.consent[consent] = true
		if _, known := a.unsaved.ends[consent]; !known {
			a.unsaved.ends[consent] = how
		}
	}
	if c := a.consent.Load(); c != nil {
		note(c.ID()) // whatever can be read of the disk
	}
	a.stop() // again: a load may have been under way
	id, err := a.keys.Identity()
	if err != nil {
		return err
	}
	standing, err := readStanding(a.keys, id)
	for consent := range standing {
		note(consent)
	}
	return err
}

func (a *agent) ending() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.unsaved.consent)
}

// stop ends recording at once. a.mu is held.
func (a *agent) stop() {
	a.rules.Store(nil)
	a.gate.Withdraw()
	if err := a.spool.Use(spool.Keys{}); err != nil { // what is still on its way from capture is refused from here on
		a.log.Warn("the open batch could not be closed; it is destroyed", "why", err.Error())
	}
}

// destroy destroys what is held under every consent that was withdrawn. a.mu is held.
func (a *agent) destroy() error {
	ids, err := a.keys.EveryWithdrawn()
	for id := range a.unsaved.consent {
		ids = append(ids, id)
	}
	n := 0
	for _, id := range ids {
		gone, one := a.spool.DestroyHeld(id)
		n, err = n+gone, errors.Join(err, one)
	}
	if n > 0 {
		a.log.Info("withdrawn; held boxes destroyed", "boxes", n)
	}
	if err != nil {
		return fmt.Errorf("destroy what is held: %w", err)
	}
	return nil
}

// save makes durable what the person did, as far as the disk allows, and says what it does not. a.mu is held.
func (a *agent) save() {
	var words []string
	if until := a.unsaved.pause; until != nil && !until.IsZero() && until.Before(a.clock.now().Wall) {
		a.unsaved.pause = nil // it has passed meanwhile
	}
	if a.unsaved.pause != nil {
		if err := a.keys.SavePause(a.unsaved.pause); err != nil {
			words = append(words, "recording is paused, but a restart would end the pause, because it could not be written: "+err.Error())
		} else {
			a.unsaved.pause = nil
		}
	}
	if err := a.saveWithdrawals(); err != nil {
		words = append(words, "recording has stopped and nothing is held any more, but a restart would bring the consent back, because its withdrawal could not be written: "+err.Error())
	}
	if err := saveEnds(a.keys, a.unsaved.ends, a.clock.now().Wall); err != nil {
		words = append(words, err.Error())
	}
	if len(words) == 0 {
		a.unsavedWords.Store(nil)
		return
	}
	text := strings.Join(append(words, "make room on the disk or make it writable: it is tried again every 10 seconds while the agent runs"), "; ")
	if a.unsavedWords.Swap(&text) == nil {
		a.log.Warn("not durable yet", "what", text)
		signal(a.due) // runDeadline begins to count
	}
}

func (a *agent) saveWithdrawals() error {
	if len(a.unsaved.consent) == 0 {
		return nil
	}
	id, err := a.keys.Identity()
	if err != nil {
		return err
	}
	standing, err := readStanding(a.keys, id)
	for consent := range a.unsaved.consent { // not one that was given since
		if stub, ok := standing[consent]; ok {
			if one := withdraw(a.keys, id, consent, stub); one != nil {
				err = errors.Join(err, one)
				continue
			}
		} else if gone, one := a.keys.Withdrawn(consent); one != nil || !gone {
			err = errors.Join(err, one, errors.New("the stub of a consent cannot be read"))
			continue
		}
		delete(a.unsaved.consent, consent)
	}
	return err
}
