package main

import (
	"context"
	"encoding/hex"
	"path/filepath"
	"sync"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/review"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"github.com/spf13/cobra"
)

// mine is what was recorded of the person, and their own key, open. It ends with the process; nothing of it is written down.
type mine struct {
	cmd  *cobra.Command
	keys *keystore.Store
	id   keystore.Identity
	read rights.Reader

	mu   sync.Mutex // the looker is for one at a time
	look *spool.Looker
	red  *redact.Redactor // likewise; nil until it is needed
}

// openMine opens with the passphrase or the recovery code. What is wrong with a wrong one is not told.
func openMine(cmd *cobra.Command, secret []byte) (*mine, error) {
	keys, id, err := openKeys()
	if err != nil {
		return nil, err
	}
	home, err := homeDir()
	if err != nil {
		return nil, err
	}
	look := spool.NewLooker(spool.OS(), filepath.Join(home, "spool"))
	looked := make(chan struct{})
	go func() { // the names and times are read while the key is derived; what fails is told by the next look
		defer close(looked)
		_, _ = look.Look()
	}()
	defer func() { <-looked }()
	key, err := keys.UnlockPerson(secret)
	if err != nil {
		recovered, other := keys.RecoverPerson(string(secret))
		if other != nil {
			return nil, err
		}
		key = recovered
	}
	return &mine{cmd: cmd, keys: keys, id: id, read: rights.NewReader(key, id.Verify()), look: look}, nil
}

// askMine asks for the passphrase at the terminal, or reads it from a file.
func askMine(cmd *cobra.Command, file string) (*mine, error) {
	if _, _, err := openKeys(); err != nil { // before anything is asked
		return nil, err
	}
	var secret []byte
	var err error
	if file != "" {
		secret, err = readPassphrase(cmd.Context(), cmd.ErrOrStderr(), file)
	} else {
		secret, err = ask.Hidden(cmd.Context(), cmd.ErrOrStderr(), "Your passphrase, or your recovery code: ")
	}
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	return openMine(cmd, secret)
}

func (m *mine) found() ([]spool.Found, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.look.Look()
}

// next is the oldest box that waits, nil if none does.
func next(found []spool.Found) *spool.Found {
	var oldest *spool.Found
	for i, f := range found {
		if f.Place == spool.Waiting && (oldest == nil || f.Sequence < oldest.Sequence) {
			oldest = &found[i]
		}
	}
	return oldest
}

func (m *mine) open(f spool.Found) (*pb.Payload, error) {
	raw, err := f.Raw()
	if err != nil {
		return nil, err
	}
	return m.read.Open(raw, f.Batch, f.Sequence)
}

// boxes is the folder as the page shows it. What an agent knows of the hold is asked from it, if it runs.
func (m *mine) boxes(ctx context.Context) ([]review.Box, error) {
	found, err := m.found()
	if err != nil {
		return nil, err
	}
	first := next(found)
	var hold hold
	var known bool
	if first != nil {
		hold, known = m.hold(ctx, first)
	}
	out := make([]review.Box, 0, len(found))
	for _, f := range found {
		b := review.Box{
			ID: boxID(f), Sequence: f.Sequence, Sealed: f.At, From: f.From, Until: f.Until, Size: f.Size, Damage: rights.Damage, Next: first != nil && f.Name == first.Name && f.Place == spool.Waiting,
			Open: func() (*pb.Payload, error) { return m.open(f) },
		}
		switch f.Place {
		case spool.Copy:
			b.State = review.Sent
		case spool.Aside:
			b.State = review.Aside
		case spool.Waiting:
			if known {
				b.Leaves = f.At.Add(hold.of)
			}
			b.Released = b.Next && hold.released
		}
		out = append(out, b)
	}
	return out, nil
}

func boxID(f spool.Found) string {
	if f.Place == spool.Aside || f.Sequence == 0 {
		return hex.EncodeToString([]byte(f.Name)) // a name may be anything
	}
	return hex.EncodeToString(f.Batch[:])
}

// hold is what the running agent says of how long a box stays here.
type hold struct {
	of       time.Duration
	released bool // the person let what is next leave
}

func (m *mine) hold(ctx context.Context, first *spool.Found) (h hold, known bool) {
	var s flow.Status
	if callAgent(ctx, "status", nil, &s) != nil {
		return h, false
	}
	if s.Spool.Released > 0 {
		return hold{released: true}, false
	}
	if s.NextSend.IsZero() {
		return h, false
	}
	return hold{of: max(0, s.NextSend.Sub(first.At))}, true
}

func (m *mine) forget(ctx context.Context, what flow.Forget) (review.Forgotten, error) {
	var done forgotten
	if err := callAgent(ctx, "forget", what, &done); err != nil {
		return review.Forgotten{}, err
	}
	return done.shown(), nil
}

// shown is the answer as the page says it.
func (done forgotten) shown() review.Forgotten {
	f := review.Forgotten{Boxes: done.Destroyed, Requested: done.Requested, All: done.All}
	if done.Acknowledged {
		f.Record = done.Record
	}
	return f
}

// forgetAll makes a new key, destroys everything, and gives the new recovery code, also if what follows the new key fails.
func (m *mine) forgetAll(ctx context.Context, passphrase []byte) (review.Forgotten, error) {
	if err := call(m.cmd, "status", nil, nil); err != nil { // before anything is changed
		return review.Forgotten{}, err
	}
	recovery, err := newPersonKey(m.keys, passphrase)
	if err != nil {
		return review.Forgotten{}, err
	}
	if err := poke(m.cmd, "reload"); err != nil {
		return review.Forgotten{Recovery: recovery}, err
	}
	f, err := m.forget(ctx, flow.Forget{All: true})
	f.Recovery = recovery
	return f, err
}

// erasures are the records that verify, oldest first, and how many have none yet.
func (m *mine) erasures() (review.Erasures, error) {
	records, err := signedErasures(m.keys, m.id)
	if err != nil {
		return review.Erasures{}, err
	}
	due, err := m.keys.Erasures()
	if err != nil {
		return review.Erasures{}, err
	}
	out := review.Erasures{Waiting: len(due)}
	for _, r := range records {
		out.Done = append(out.Done, erasure.Sentence(r))
	}
	return out, nil
}

// unlock is what the page asks for.
func unlock(cmd *cobra.Command) func(context.Context, []byte) (review.Mine, error) {
	if _, _, err := openKeys(); err != nil {
		return nil
	}
	return func(_ context.Context, secret []byte) (review.Mine, error) {
		m, err := openMine(cmd, secret)
		if err != nil {
			return review.Mine{}, err
		}
		return m.page(), nil
	}
}
