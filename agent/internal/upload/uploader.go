package upload

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
)

// queue is the spool as the uploader sees it. A box stays the oldest one until Sent or Quarantine.
type queue interface {
	// NextExcept is the oldest unsent box that was sealed at least hold before now and that skip does not name.
	NextExcept(now time.Time, hold time.Duration, skip func(batch, consent envelope.ID) bool) (envelope.Box, bool)
	// Ready looks at the boxes that NextExcept would give, one after another, without giving them out: the bytes of the first (0: there
	// is none) and of all, and when the first was sealed.
	Ready(now time.Time, hold time.Duration, skip func(batch, consent envelope.ID) bool) (first, all int64, sealed time.Time)
	Sent(id envelope.ID) error
	Quarantine(id envelope.ID, why string) error
}

// stubs is the key store as the uploader sees it: what the collector is to hear of consents.
type stubs interface {
	PendingStubs() ([][]byte, error)
	Stub(consent [16]byte) ([]byte, error) // nil: none
	StubDelivered(stub []byte) error
}

// Options is what an uploader needs. All fields are mandatory but Wait.
type Options struct {
	Identity keystore.Identity
	Queue    queue
	Stubs    stubs
	Erasures erasures
	Own      own
	Policy   func(signed []byte)  // gets the newest policy, unchecked, after each check-in and when it comes down a stream
	Hold     func() time.Duration // how long a box stays on the device first
	Budget   *Budget              // when boxes may leave; Kick after a change
	Wait     func() string        // why nothing may be sent now, in words; "" or nil: it may. Kick after a change.
	Said     func()               // is told that Status has other words; nil: nobody is. It must not block
	Log      *slog.Logger

	// Elsewhere gets withdrawals that the collector says the person made on other devices, unchecked. With an error they are told again.
	Elsewhere func([]*pb.Signed) error
}

// Status is what the person sees of the upload. It holds no content.
type Status struct {
	Words    string    `json:"words"` // why nothing is sent; empty if there is no reason
	LastSent time.Time `json:"last_sent,omitzero"`
	NextTry  time.Time `json:"next_try,omitzero"` // after a failure
	Sent     uint64    `json:"sent"`              // since the start
	SetAside uint64    `json:"set_aside"`         // refused by the collector for good
	Withheld int       `json:"withheld"`          // consents that the collector no longer takes
	ReEnrol  bool      `json:"re_enrol"`          // the certificate no longer counts
}

// pace holds the waiting times; tests shorten them.
type pace struct {
	first, most time.Duration // back-off
	stall       time.Duration // longest silence of the collector within a call
	day         time.Duration // check-in
	look        time.Duration // longest time between two looks at boxes that are on hold
	rise        time.Duration // longest wait after the computer woke
}

var usual = pace{first: time.Second, most: 15 * time.Minute, stall: time.Minute, day: 24 * time.Hour, look: 15 * time.Minute, rise: time.Minute}

// Uploader sends what the queue holds. Make one with New; Run it once.
type Uploader struct {
	opt  Options
	pace pace
	pin  *pin.Server
	kick chan struct{}

	withdrawn map[envelope.ID]bool // consents that the collector no longer takes; only Run's goroutine
	checkIn   time.Time            // when the next one is due; only Run's goroutine
	kicked    time.Time            // when the queue last may have grown; only Run's goroutine
	refused   int                  // pending stubs that the collector refused; only Run's goroutine
	unerased  int                  // pending erasures that the collector refused; only Run's goroutine
	waiting   bool                 // Wait gave a reason; only Run's goroutine
	spared    bool                 // Budget gave a reason; only Run's goroutine
	cuts      int                  // connections in a row that broke under a box; only Run's goroutine
	came      came                 // of the box that is brought in pieces; only Run's goroutine
	plain     bool                 // the collector takes no pieces; only Run's goroutine
	moved     bool                 // the last session got something through; only Run's goroutine

	mu       sync.Mutex
	status   Status
	failures int
	pause    time.Time // no connection before
}

// New makes an uploader. It does nothing before Run.
func New(opt Options) *Uploader {
	if opt.Wait == nil {
		opt.Wait = func() string { return "" }
	}
	if opt.Said == nil {
		opt.Said = func() {}
	}
	return &Uploader{
		opt: opt, pace: usual, pin: pin.ByCertificate(opt.Identity.CA),
		kick: make(chan struct{}, 1), withdrawn: map[envelope.ID]bool{},
	}
}

// Kick tells that the queue may have grown or that something that Wait asks for has changed. It never blocks, and does not
// shorten a back-off.
func (u *Uploader) Kick() {
	select {
	case u.kick <- struct{}{}:
	default:
	}
}

// Hurry is Kick, and ends a back-off: after a withdrawal, or when the network is back.
func (u *Uploader) Hurry() {
	u.mu.Lock()
	u.failures, u.pause = 0, time.Time{}
	u.mu.Unlock()
	u.Kick()
}

// Woke tells that the computer slept. What it sent is tried anew, after a short wait by chance, so that computers that wake together do
// not all call at once.
func (u *Uploader) Woke() {
	u.mu.Lock()
	u.failures, u.pause = 0, time.Now().Add(rand.N(u.pace.rise+1))
	u.mu.Unlock()
	u.Kick()
}

// Status is the state of this instant.
func (u *Uploader) Status() Status {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.status
}

// Run sends until ctx ends, and then returns nil. Whatever happens to the network, it goes on; what is not acknowledged stays
// in the queue.
func (u *Uploader) Run(ctx context.Context) error {
	u.kicked = time.Now()
	for ctx.Err() == nil {
		wake := u.wake(time.Now())
		if wake.IsZero() || time.Now().Before(wake) {
			if kicked := u.sleep(ctx, wake); kicked {
				u.kicked = time.Now()
			}
			continue
		}
		u.moved = false
		err := u.session(ctx)
		if ctx.Err() != nil {
			return nil // ended by us, which is no failure
		}
		u.note(err, time.Now())
	}
	return nil
}

// sleep waits for a kick, for wake (never, if zero) or for the end of ctx.
func (u *Uploader) sleep(ctx context.Context, wake time.Time) (kicked bool) {
	var timer <-chan time.Time
	if !wake.IsZero() {
		t := time.NewTimer(time.Until(wake))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-u.kick:
		return true
	case <-timer:
		return false
	}
}

// wake is when a connection is next worth making: at once (not after now) if something is due, else when the next thing can be.
func (u *Uploader) wake(now time.Time) time.Time {
	why := u.opt.Wait()
	if why != "" || u.waiting {
		u.say(why)
		u.waiting = why != ""
	}
	if u.mustErase() || u.mustTell() {
		return latest(now, u.notBefore()) // an erasure and a withdrawal wait for no reason of ours; boxes still do
	}
	if u.waiting {
		return time.Time{} // a kick ends this
	}
	if !now.Before(u.checkIn) || u.refused > 0 || u.unerased > 0 {
		return latest(now, u.notBefore())
	}
	next := u.checkIn
	if w := u.waits(now, u.refusedThere); w.next > 0 {
		again, ok := u.spare(now, w)
		if ok && u.hasBox(now) {
			return latest(now, u.notBefore())
		}
		if !again.IsZero() {
			next = earliest(next, again)
		}
		return latest(next, u.notBefore()) // a kick tells what else ends this
	}
	if hold := u.opt.Hold(); hold > 0 && now.Before(u.kicked.Add(hold)) {
		// Something sealed before the last kick may be on hold. The queue does not say until when, so look a few times.
		next = earliest(next, u.kicked.Add(hold), now.Add(min(max(hold/8, 10*time.Millisecond), u.pace.look)))
	}
	return latest(next, u.notBefore())
}

// mustTell tells whether a stub waits that the collector has not refused. A key store that cannot be read is said at the next
// session.
func (u *Uploader) mustTell() bool {
	pending, err := u.opt.Stubs.PendingStubs()
	return err != nil || len(pending) > u.refused
}

// hasBox tells whether a box can be read to be sent: one that is damaged and cannot be set aside is no reason to connect.
func (u *Uploader) hasBox(now time.Time) bool {
	_, ok := u.opt.Queue.NextExcept(now, u.opt.Hold(), u.refusedThere)
	return ok
}

// spare tells whether the budget lets boxes leave, and says why not, and when that ends by itself.
func (u *Uploader) spare(now time.Time, w waiting) (again time.Time, ok bool) {
	why, again := u.opt.Budget.start(now, w)
	if why != "" || u.spared {
		u.say(why)
		u.spared = why != ""
	}
	return again, why == ""
}

// waits is what waits, but for what skip names. A box that is only looked at has not been given out: it has not left.
func (u *Uploader) waits(now time.Time, skip func(batch, consent envelope.ID) bool) waiting {
	hold := u.opt.Hold()
	first, all, sealed := u.opt.Queue.Ready(now, hold, skip)
	return waiting{next: first, bytes: all, since: sealed.Add(hold)}
}

// refusedThere tells whether the collector no longer takes the box's consent.
func (u *Uploader) refusedThere(_, consent envelope.ID) bool { return u.withdrawn[consent] }

func (u *Uploader) notBefore() time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.pause
}

// note draws the consequence of a session: none of a good one, a longer pause of each failure after another.
func (u *Uploader) note(err error, now time.Time) {
	var f failure
	if !errors.As(err, &f) && err != nil {
		f = failure{words: err.Error()}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if f.words != u.status.Words {
		u.opt.Said()
	}
	u.status.Words, u.status.NextTry, u.status.ReEnrol = f.words, time.Time{}, f.reEnrol
	u.status.Withheld = len(u.withdrawn)
	if err == nil {
		u.failures, u.pause = 0, time.Time{}
		if len(u.withdrawn) > 0 {
			u.status.Words = "a consent was withdrawn at the collector; its boxes stay here until you destroy them"
		}
		return
	}
	if u.moved {
		u.failures = 0 // a line that breaks again and again, and gets something through each time
	}
	delay := backOff(u.pace, u.failures, f.after)
	if f.reEnrol {
		delay = u.pace.day
	}
	u.failures++
	u.pause = now.Add(delay)
	u.status.NextTry = u.pause
	u.opt.Log.Warn("upload: not now", "why", f.words, "again_in", delay.Round(time.Millisecond))
}

func (u *Uploader) say(words string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if words != u.status.Words {
		u.opt.Said()
	}
	u.status.Words = words
}
