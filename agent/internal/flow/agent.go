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
	"github.com/byleave/byleave/agent/internal/hotkey"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/power"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/agent/internal/session"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/policy"
)

// agent is the rooms and what passes between them. Each field has one writer, named beside it.
type agent struct {
	cfg    Config
	began  time.Time
	log    *slog.Logger
	keys   *keystore.Store
	clock  *clock
	gate   *gate.Gate
	spool  *spool.Spool
	budget *upload.Budget
	rights *rights.Rights
	pipe   *redact.Pipe
	lock   *os.File

	rules        atomic.Pointer[policy.Rules] // load, and withdrawn on its behalf
	consent      atomic.Pointer[policy.Consent]
	uploader     atomic.Pointer[upload.Uploader] // runUpload
	marked       atomic.Bool                     // runMark, and waitMark when it is covered
	settled      atomic.Int32                    // runEdges: the state it last settled for
	disk         atomic.Pointer[string]          // append: why nothing can be stored, nil when it can
	unsavedWords atomic.Pointer[string]          // save: what holds in RAM and is not durable yet, nil when all is
	handed       chan struct{}                   // session tells runSight that another session was handed over
	desktop      atomic.Pointer[session.Session] // open, then session
	shutter      atomic.Pointer[shutter]         // forget, under mu
	key          atomic.Pointer[hotkey.Key]      // look
	limits       atomic.Pointer[keystore.Limits] // load: the person's own; nil if nobody knows them
	energy       atomic.Pointer[power.State]     // runPower: what the computer says, nil before it says anything
	pressure     *power.Pressure                 // open; nil in what was never opened
	rest         *time.Timer                     // open; nil if nobody gives memory back
	untrayed     atomic.Pointer[string]          // runTray: why nobody shows the icon
	untyped      atomic.Pointer[string]          // look: why no typed text can be recorded, whatever was agreed to
	answer       atomic.Pointer[string]          // act: what came of the last click in the tray
	news         news                            // whatever the tray shows has changed
	again        chan struct{}                   // showTray tells runTray to look for a tray again
	quit         context.CancelFunc              // ends the agent; set before the stages begin
	appended     atomic.Int64                    // append: when, in Unix nanoseconds
	stirred      chan struct{}                   // load and settle tell runUpload that there may be something to do
	due          chan struct{}                   // append tells runDeadline that a batch was opened
	bulletin     atomic.Pointer[bulletin]        // announce, and runMark when it was shown
	spoke        chan struct{}                   // announce tells runMark
	pledged      chan struct{}                   // load tells runReminder that there may be another consent
	unheard      atomic.Bool                     // withdrawnElsewhere: what was heard could not be written down

	mu       sync.Mutex // serialises load, and guards what follows
	note     string     // why there are no rules although there is a consent
	lost     spool.Lost // what an unclean end lost; told once there is a consent to tell it under
	redactor redactor
	unsaved  unsaved // what the person did and the disk refused
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
		cfg: cfg, began: time.Now(), log: cfg.Log, keys: keys, lock: held, budget: upload.NewBudget(keys), clock: newClock(seen, wallErr != nil),
		unsaved: unsaved{consent: map[[16]byte]bool{}, ends: map[[16]byte]policy.Withdrawal{}},
		handed:  make(chan struct{}, 1), stirred: make(chan struct{}, 1), due: make(chan struct{}, 1),
		news: make(news, 1), again: make(chan struct{}, 1),
		spoke: make(chan struct{}, 1), pledged: make(chan struct{}, 1),
	}
	a.desktop.Store(&cfg.Session)
	a.pressure = power.WatchPressure(cfg.Pressure, func() { signal(a.news) })
	if cfg.Rest != nil {
		a.rest = time.AfterFunc(time.Hour, cfg.Rest)
		a.rest.Stop()
	}
	a.gate = gate.New(a.clock.now)
	a.gate.Distrust(a.clock.doubted)
	if until, err := keys.Pause(); err != nil {
		return nil, err
	} else if until != nil {
		a.gate.Pause(*until)
	}
	var report spool.Report
	if a.spool, report, err = spool.Open(spool.OS(), filepath.Join(cfg.Home, "spool"), cfg.Log); err != nil {
		return nil, err
	}
	a.lost = report.Lost
	a.rights = rights.New(keys, a.forgetHere, a.ledger, a.hurry)
	if err := a.spool.FinishReplace(a.rights.Note); err != nil {
		cfg.Log.Error("a box that was cut could not be put in place; it is tried again", "why", err.Error())
		report.Trouble = errors.Join(report.Trouble, err)
	}
	if err := a.rights.Resume(); err != nil { // before anything is sent
		cfg.Log.Error("an erasure could not be carried on; it is tried at the next start", "why", err.Error())
	}
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
	o := redact.Options{Policy: p, Session: next.session}
	if a.cfg.Reader != nil {
		o.Reader = thriftyReader{a.cfg.Reader, a.profile}
	}
	red, err := redact.New(o)
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
	a.loadLimits()
	rules, consent, err := a.granted()
	a.stopElsewhere(consent == nil && err == nil)
	err = errors.Join(err, a.destroy())
	a.save()
	a.note = ""
	if err != nil {
		a.note = err.Error()
	} else if rules != nil {
		a.note = a.remarks(consent)
	}
	a.gate.Asking(question(err))
	a.rules.Store(rules)
	a.consent.Store(consent)
	a.gate.SetRules(rules)
	if up := a.uploader.Load(); up != nil {
		up.Hurry()
	}
	signal(a.stirred)
	signal(a.pledged)
	signal(a.news)
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
	if gone, err := a.keys.Withdrawn(c.ID()); err != nil || gone || a.unsaved.consent[c.ID()] {
		a.stop()
		return nil, nil, err
	}
	if err := a.refused(); err != nil {
		return nil, &c, err
	}
	if err := a.elsewhere(); err != nil {
		return nil, &c, err
	}
	newest, err := a.newestPolicy()
	if err != nil {
		return nil, nil, err
	}
	rules, err := policy.NewRules(pinned, newest, c)
	if err == nil {
		err = a.applies(id, pinned, newest)
	}
	if err != nil {
		return nil, &c, fmt.Errorf("%w; run `byleave consent show`, then give or withdraw", err)
	}
	if err := a.redactWith(newest); err != nil {
		return nil, &c, err
	}
	if err := a.prepare(id, c); err != nil {
		return nil, &c, err
	}
	if err := a.seal(id, pinned, c); err != nil {
		return nil, &c, err
	}
	return rules, &c, nil
}

// applies refuses a policy that reaches further than the one that was last recorded under, although the person agreed to as much
// once: what a policy took away comes back by the person's word alone. A new consent begins anew.
func (a *agent) applies(id keystore.Identity, pinned, newest policy.Policy) error {
	signed, err := a.keys.Applied()
	if err != nil {
		return err
	}
	if signed != nil {
		last, err := policy.Parse(signed, id.PolicyKey)
		if err != nil {
			return err
		}
		if last.Version() > pinned.Version() && last.Digest() != newest.Digest() {
			if err := policy.Narrower(newest, last); err != nil {
				return err
			}
		}
	}
	return a.keys.SaveApplied(newest.Signed())
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
	signal(a.news)
	a.worked()
	if err := a.keys.SaveWall(a.clock.seen()); err != nil {
		return fmt.Errorf("%w: %w", spool.ErrDisk, err)
	}
	return nil
}
