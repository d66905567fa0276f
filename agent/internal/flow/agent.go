package flow

import (
	"context"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/policy"
)

// agent is the rooms and what passes between them. Each field has one writer, named beside it.
type agent struct {
	cfg   Config
	log   *slog.Logger
	keys  *keystore.Store
	clock *clock
	gate  *gate.Gate
	spool *spool.Spool
	pipe  *redact.Pipe
	lock  *os.File

	rules    atomic.Pointer[policy.Rules] // load, and withdrawn on its behalf
	consent  atomic.Pointer[policy.Consent]
	uploader atomic.Pointer[upload.Uploader] // runUpload
	marked   atomic.Bool                     // runMark, and waitMark when it is covered
	settled  atomic.Int32                    // runEdges: the state it last settled for
	disk     atomic.Pointer[string]          // append: why nothing can be stored, nil when it can
	stirred  chan struct{}                   // load and settle tell runUpload that there may be something to do
	due      chan struct{}                   // append tells runDeadline that a batch was opened
	news     atomic.Pointer[news]            // announce, and runMark when it was shown
	spoke    chan struct{}                   // announce tells runMark

	mu       sync.Mutex // serialises load, and guards what follows
	note     string     // why there are no rules although there is a consent
	lost     spool.Lost // what an unclean end lost; told once there is a consent to tell it under
	redactor redactor
}

// redactor is which rules redact now, and in which session its class tokens mean the same.
type redactor struct {
	policy  [32]byte
	session [16]byte
	version string
}

// open reads everything from disk. Whatever lies in the spool, the agent starts.
func open(cfg Config) (*agent, error) {
	keys, err := keystore.Open(cfg.Home)
	if err != nil {
		return nil, err
	}
	held, err := lock(cfg.Home)
	if err != nil {
		return nil, err
	}
	seen, wallErr := keys.Wall()
	a := &agent{
		cfg: cfg, log: cfg.Log, keys: keys, lock: held, clock: newClock(seen),
		stirred: make(chan struct{}, 1), due: make(chan struct{}, 1), spoke: make(chan struct{}, 1),
	}
	a.gate = gate.New(a.clock.now)
	a.gate.ClockDoubt(wallErr != nil || a.clock.doubted())
	if until, err := keys.Pause(); err != nil {
		return nil, err
	} else if until != nil {
		a.gate.Pause(*until)
	}
	report := spool.Report{}
	if a.spool, report, err = spool.Open(spool.OS(), filepath.Join(cfg.Home, "spool"), cfg.Log); err != nil {
		return nil, err
	}
	a.lost = report.Lost
	a.gate.Durable(report.Trouble == nil)
	if report.Trouble != nil {
		a.troubled(report.Trouble)
	}
	newest, err := a.newestPolicy()
	if err != nil && !errors.Is(err, keystore.ErrNotEnrolled) {
		a.log.Warn("the policy is not usable", "why", err.Error())
	}
	if err := a.redactWith(newest); err != nil {
		return nil, err
	}
	return a, a.load()
}

// redactWith lets everything from now on be redacted by the rules of p as well as the built-in ones. New rules begin a new session.
// a.mu is held, or nothing runs yet.
func (a *agent) redactWith(p policy.Policy) error {
	if a.pipe != nil && a.redactor.policy == p.Digest() {
		return nil
	}
	next := redactor{policy: p.Digest()}
	rand.Read(next.session[:])
	red, err := redact.New(redact.Options{Policy: p, Session: next.session})
	if err != nil {
		return fmt.Errorf("prepare the redactor: %w", err)
	}
	next.version = red.Version()
	if a.pipe == nil {
		a.pipe = redact.NewPipe(red, a.append)
	} else if err := a.pipe.Use(context.Background(), red); err != nil {
		return err
	}
	a.redactor = next
	a.log.Info("redactor ready", "version", next.version)
	return nil
}

func (a *agent) newestPolicy() (policy.Policy, error) {
	id, err := a.keys.Identity()
	if err != nil {
		return policy.Policy{}, err
	}
	signed, err := a.keys.Policy()
	if err != nil || signed == nil {
		return policy.Policy{}, err
	}
	return policy.Parse(signed, id.PolicyKey)
}

// load makes the gate follow what the key store says: enrolment, policy, consent, withdrawal. It fails only where the store
// cannot be read; then nothing is recorded.
func (a *agent) load() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	rules, consent, err := a.granted()
	a.note = ""
	if err != nil {
		a.note = err.Error()
	} else if rules != nil {
		a.note = a.remarks(consent)
	}
	a.gate.Asking(errors.Is(err, policy.ErrWider))
	a.rules.Store(rules)
	a.consent.Store(consent)
	a.gate.SetRules(rules)
	if up := a.uploader.Load(); up != nil {
		up.Hurry()
	}
	signal(a.stirred)
	return nil
}

// granted is the rules under which may be recorded; nil, with the reason, if there are none.
func (a *agent) granted() (*policy.Rules, *policy.Consent, error) {
	id, err := a.keys.Identity()
	if err != nil {
		return nil, nil, err
	}
	signed, pinnedSigned, err := a.keys.Consent()
	if err != nil || signed == nil {
		return nil, nil, err
	}
	pinned, err := policy.Parse(pinnedSigned, id.PolicyKey)
	if err != nil {
		return nil, nil, err
	}
	c, err := policy.ParseConsent(signed, id.Verify(), pinned)
	if err != nil {
		return nil, nil, err
	}
	if gone, err := a.keys.Withdrawn(c.ID()); err != nil || gone {
		return nil, nil, errors.Join(err, a.withdrawn(c))
	}
	if err := a.refused(); err != nil {
		return nil, &c, err
	}
	newest, err := a.newestPolicy()
	if err != nil {
		return nil, nil, err
	}
	rules, err := policy.NewRules(pinned, newest, c)
	if err != nil {
		return nil, &c, fmt.Errorf("%w; run `byleave consent show`, then give or withdraw", err)
	}
	if err := a.redactWith(newest); err != nil {
		return nil, &c, err
	}
	if err := a.seal(id, pinned, c); err != nil {
		return nil, &c, err
	}
	return rules, &c, nil
}

// withdrawn carries a withdrawal out: nothing more is recorded, and what is held is destroyed.
func (a *agent) withdrawn(c policy.Consent) error {
	a.rules.Store(nil) // first: whoever the gate wakes must find that there is no consent, and let go of the display
	a.gate.Withdraw()
	if err := a.spool.Use(spool.Keys{}); err != nil { // what is still on its way from capture is refused from here on
		a.log.Warn("the open batch could not be closed; it is destroyed", "why", err.Error())
	}
	n, err := a.spool.DestroyHeld(c.ID())
	if err != nil {
		return fmt.Errorf("destroy what is held: %w", err)
	}
	a.log.Info("withdrawn; held boxes destroyed", "boxes", n)
	return nil
}

// seal lets the spool seal under this consent, and tells what an unclean end lost.
func (a *agent) seal(id keystore.Identity, pinned policy.Policy, c policy.Consent) error {
	keys := spool.Keys{
		Vault: id.VaultKey, Person: id.PersonKey, Sign: id.Sign, Subject: id.Subject, Device: id.Device,
		Consent: c.ID(), Policy: pinned.Digest(), Purpose: c.PurposeID(),
		Session: a.redactor.session, Redactor: a.redactor.version, Display: "x11",
	}
	for _, r := range pinned.Message().GetCustodians() {
		key, err := hpke.MLKEM768X25519().NewPublicKey(r.GetPublicKey())
		if err != nil {
			return fmt.Errorf("the key of a custodian is damaged; ask the operator for a new policy: %w", err)
		}
		keys.Custodians = append(keys.Custodians, key)
	}
	if err := a.spool.Use(keys); err != nil {
		return err
	}
	if lost := a.lost; !lost.IsZero() {
		a.lost = spool.Lost{}
		return a.append(redact.NewGap(lost.From, lost.Until, policy.Lost))
	}
	return nil
}

// newPolicy takes a policy that the collector sent. It can narrow or stop what is recorded, never widen it.
func (a *agent) newPolicy(signed []byte) {
	if err := a.acceptPolicy(signed); err != nil {
		a.log.Warn("a policy was refused", "why", err.Error())
	}
}

func (a *agent) acceptPolicy(signed []byte) error {
	id, err := a.keys.Identity()
	if err != nil {
		return err
	}
	next, err := policy.Parse(signed, id.PolicyKey)
	if err != nil {
		return err
	}
	cur, err := a.newestPolicy()
	if err != nil {
		return err
	}
	if !cur.IsZero() {
		if next.Digest() == cur.Digest() {
			return nil
		}
		if err := policy.Newer(next, cur, a.clock.now().Wall); err != nil {
			return err
		}
	}
	if err := a.keys.SavePolicy(signed); err != nil {
		return err
	}
	less, err := a.noteNarrowed(next)
	if err := errors.Join(err, a.load()); err != nil {
		return err
	}
	if less && a.rules.Load() != nil {
		a.announce("less is recorded")
	}
	return nil
}

// settle redacts, seals and stores what was recorded so far.
func (a *agent) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := a.pipe.Flush(ctx); err != nil {
		return err
	}
	if err := a.spool.Cut(); err != nil {
		return err
	}
	signal(a.stirred)
	return a.keys.SaveWall(a.clock.seen())
}
