package flow

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// transitions is how often the random test of the gate changes something.
const transitions = 10_000

// held is how long capture holds an event back before it is judged.
const held = 305 * time.Millisecond

// seeds is how many random orders are tried: a hundred at night, a million transitions.
func seeds() int {
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		return 100
	}
	return 1
}

// The agreed hours of these tests, in seconds of the day.
const opens, closes = 6 * 3600, 18 * 3600

// scenario drives the real gate, the real clock and the real runner of edges, and judges them by facts that it keeps itself: plain
// times and switches, none of them asked of the gate.
type scenario struct {
	off    string // the fact that is disconnected: told to the oracle alone
	rnd    *mathrand.Rand
	g      *gate.Gate
	c      *clock
	skew   atomic.Int64  // of the wall clock, in nanoseconds; the runner reads it, too
	server time.Duration // the part of it that a time server made
	last   atomic.Int32  // the gate.State that the runner saw when it last woke

	given, ended, dead, doubt bool
	since, expires            time.Time
	paused                    bool
	until                     time.Time     // zero: for ever
	stopped                   time.Duration // when a fact last turned against recording
	barrier                   time.Duration // rules, withdrawal or trust changed: nothing before it may come out any more

	pending []event
	opened  int
	steps   int
	wrong   string // the first violation
}

// event is an input event that waits to be judged, and what the oracle knew when it happened.
type event struct {
	at   policy.Moment
	ok   bool
	step int
	when string
}

func (s *scenario) boot() time.Duration { return s.c.boot() }
func (s *scenario) wall() time.Time     { return s.c.wall() }

// allowed is the oracle, for one instant of the wall clock under the facts of now.
func (s *scenario) allowed(wall time.Time) bool {
	if wall.Before(s.since) { // a clock that was set back to before the consent proves nothing
		return false
	}
	day := wall.Hour()*3600 + wall.Minute()*60 + wall.Second()
	return s.given && !s.ended && !s.dead && !s.doubt && wall.Before(s.expires) && day >= opens && day < closes &&
		(!s.paused || !s.until.IsZero() && !wall.Before(s.until))
}

// outlive notes that the consent was seen to end: no clock that is set back revives it.
func (s *scenario) outlive() { s.ended = s.ended || s.given && !s.doubt && !s.wall().Before(s.expires) }

// act makes one random transition. Each tells the gate, unless it is disconnected, and the oracle.
func (s *scenario) act() {
	now := s.boot()
	switch s.rnd.IntN(12) {
	case 0, 1:
		s.give()
	case 2:
		if s.off != "withdrawal" {
			s.g.Withdraw()
		}
		s.ended, s.stopped, s.barrier = true, now, now
	case 3, 4:
		s.until = time.Time{}
		if s.rnd.IntN(3) > 0 {
			s.until = s.wall().Add(s.span())
		}
		if s.off != "pause" {
			s.g.Pause(s.until)
		}
		s.paused, s.stopped = true, now
	case 5, 6, 7:
		s.resume(now)
	case 8:
		if s.off != "mark" {
			s.g.Indicator(s.c.now(), false)
		}
		s.dead, s.stopped = true, now
	case 9, 10:
		s.g.Indicator(s.c.now(), true)
		if s.dead {
			s.dead, s.stopped = false, now
		}
	case 11:
		s.jump(now)
	}
}

// give is a new consent that lasts some hours or days.
func (s *scenario) give() {
	s.expires = s.wall().Add(time.Hour + s.upTo(60*time.Hour)).Truncate(time.Second)
	s.since = s.wall().Add(-time.Second).Truncate(time.Second)
	told := s.expires
	if s.off == "expiry" {
		told = told.AddDate(0, 0, 20)
	}
	hours := &pb.Hours{Weekdays: []uint32{0, 1, 2, 3, 4, 5, 6}, StartSecond: opens, EndSecond: closes}
	if s.off == "hours" {
		hours.StartSecond, hours.EndSecond = 0, 86400
	}
	s.g.SetRules(consentTo(hours, s.wall(), told))
	s.g.Focus(s.c.now(), 1, "editor", policy.Allowed)
	s.given, s.ended, s.barrier = true, false, s.boot()
}

// resume ends a pause, and is the person's word that the clock is right.
func (s *scenario) resume(now time.Duration) {
	if s.doubt {
		s.c.confirm()
		s.g.ClockDoubt(false)
		s.doubt, s.barrier = false, now
	}
	s.g.Resume()
	if s.paused {
		s.paused, s.stopped = false, now
	}
}

// jump sets the wall clock: by a little, as a time server does, or by much.
func (s *scenario) jump(now time.Duration) {
	d := s.upTo(drift) - drift/2 - s.server
	if s.rnd.IntN(2) == 0 {
		d = (3*time.Second + s.upTo(5*time.Hour)) * time.Duration(1-2*s.rnd.IntN(2))
	}
	s.c.now() // the agent reads its clock all the time; the step counts from here
	s.skew.Add(int64(d))
	s.stopped = now
	if d > drift || d < -drift {
		s.doubt, s.barrier = true, now
	} else {
		s.server += d
	}
}

func (s *scenario) upTo(d time.Duration) time.Duration { return time.Duration(s.rnd.Int64N(int64(d))) }

// span is a random time between milliseconds and hours.
func (s *scenario) span() time.Duration {
	return s.upTo([]time.Duration{time.Second, time.Second, time.Second, 2 * time.Minute, 7 * time.Hour}[s.rnd.IntN(5)])
}

// live lets time pass, with an event at a random instant of it, and looks whether runner and gate keep to what the oracle says.
func (s *scenario) live() {
	d := s.span()
	first := s.upTo(d + 1)
	time.Sleep(first)
	synctest.Wait()
	s.outlive()
	wall := s.wall()
	ok := s.allowed(wall)
	settled := !s.doubt && s.allowed(wall.Add(-drift)) == ok && s.allowed(wall.Add(drift)) == ok // a time server may have moved the clock meanwhile
	if settled && s.stopped < s.boot() && (gate.State(s.last.Load()) == gate.Recording) != ok {
		s.fail("the runner last saw %v; the oracle says recording is %v", gate.State(s.last.Load()), ok)
	}
	s.pending = append(s.pending, event{s.c.now(), ok && s.allowed(wall.Add(-gate.Band)) && s.allowed(wall.Add(gate.Band)), s.steps, s.facts()})
	time.Sleep(d - first)
	s.outlive()
	for len(s.pending) > 0 && s.boot() >= s.pending[0].at.Boot+held {
		s.judge(s.pending[0])
		s.pending = s.pending[1:]
	}
}

func (s *scenario) judge(e event) {
	p := s.g.Judge(e.at, 1)
	if !p.Open() {
		return
	}
	s.opened++
	switch {
	case !e.ok:
		s.fail("an event of step %d came out, and was not allowed; then: %s", e.step, e.when)
	case s.barrier >= e.at.Boot:
		s.fail("an event of step %d came out across a withdrawal, a new consent or a doubt", e.step)
	case s.doubt:
		s.fail("an event of step %d came out after the clock was set", e.step)
	}
}

func (s *scenario) fail(format string, args ...any) {
	if s.wrong == "" {
		s.wrong = fmt.Sprintf("step %d: %s; now: %s", s.steps, fmt.Sprintf(format, args...), s.facts())
	}
}

func (s *scenario) facts() string {
	return fmt.Sprintf("%v, consent %v, ended %v, until %v, paused %v (%v), mark dead %v, doubt %v",
		s.wall(), s.given, s.ended, s.expires, s.paused, s.until, s.dead, s.doubt)
}

// play runs a scenario until it fails or has made all its transitions.
func play(t *testing.T, off string, seed uint64) (s *scenario) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		time.Sleep(9 * time.Hour) // into the agreed hours
		s = &scenario{off: off, rnd: mathrand.New(mathrand.NewPCG(seed, 1))}
		s.c = newClock(time.Time{}, false)
		s.c.boot = func() time.Duration { return time.Hour + time.Since(start) }
		s.c.wall = func() time.Time { return time.Now().Round(0).Add(time.Duration(s.skew.Load())).UTC() }
		s.c.confirm()
		s.g = gate.New(s.c.now)
		if off != "clock" {
			s.g.Distrust(s.c.doubted)
		}
		s.g.Display(true, "")
		s.g.Durable(true)
		s.g.Indicator(s.c.now(), true)
		if off == "consent" {
			s.give()
			s.given = false
		}
		ctx, cancel := context.WithCancel(t.Context())
		var runner sync.WaitGroup
		if off != "edges" {
			runner.Go(func() { edges(ctx, s.g, s.c, func() { s.last.Store(int32(s.g.Status().State)) }) })
		}
		for s.steps = 0; s.steps < transitions && s.wrong == ""; s.steps++ {
			s.live()
			s.act()
		}
		cancel()
		runner.Wait()
	})
	return s
}

// I2, I4, I5, I6: ten thousand transitions in random order, with the time between them from milliseconds to hours. No event comes out
// before a consent, after a pause, a withdrawal or the end, outside the hours, without the mark, or under a clock that was set.
func TestTransitions(t *testing.T) {
	steps, opened := 0, 0
	for range seeds() {
		seed := uint64(time.Now().UnixNano())
		s := play(t, "", seed)
		if s.wrong != "" {
			t.Fatalf("seed %d, %s", seed, s.wrong)
		}
		steps, opened = steps+s.steps, opened+s.opened
	}
	if opened < steps/100 {
		t.Fatalf("only %d events came out in %d transitions: hardly anything was tested", opened, steps)
	}
	t.Logf("%d transitions, %d events came out, each of them allowed", steps, opened)
}

// Each fact, disconnected, must be found by the same oracle.
func TestTransitionsFindADisconnectedFact(t *testing.T) {
	for _, off := range []string{"consent", "withdrawal", "pause", "mark", "clock", "hours", "expiry", "edges"} {
		s := play(t, off, 1)
		for seed := uint64(2); s.wrong == "" && seed < 20; seed++ { // the first consent comes too soon in some
			s = play(t, off, seed)
		}
		if s.wrong == "" {
			t.Errorf("%s was disconnected, and %d transitions did not show it", off, s.steps)
		} else {
			t.Logf("%s disconnected: %s", off, s.wrong)
		}
	}
}

var asked = sync.OnceValues(func() (policy.Policy, ed25519.PrivateKey) { return askedPolicy(nil) })

// askedPolicy is a policy for an editor, changed by edit, and the key that signed it.
func askedPolicy(edit func(map[string]any)) (policy.Policy, ed25519.PrivateKey) {
	var m map[string]any
	if err := json.Unmarshal(policy.Template(), &m); err != nil {
		panic(err)
	}
	m["custodians"] = []any{map[string]any{"name": "Works council", "public_key": base64.StdEncoding.EncodeToString(custodian())}}
	m["issued_at"], m["expires_at"] = "1", fmt.Sprint(time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	m["applications"] = []any{map[string]any{"id": "editor", "name": "Editor", "wm_class": "Editor", "executables": []string{"/usr/bin/editor"}}}
	m["hours"] = []any{map[string]any{"weekdays": []int{0, 1, 2, 3, 4, 5, 6}, "start_second": 0, "end_second": 86400}}
	if edit != nil {
		edit(m)
	}
	text := must(json.Marshal(m))
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	return must(policy.Parse(must(policy.Sign(must(policy.FromJSON(text)), key)), key.Public().(ed25519.PublicKey))), key
}

var custodian = sync.OnceValue(func() []byte { return must(hpke.MLKEM768X25519().GenerateKey()).PublicKey().Bytes() })

// consentTo is the rules of a consent that was given a second ago.
func consentTo(hours *pb.Hours, now, expires time.Time) *policy.Rules {
	p, key := asked()
	m := must(policy.NewConsent(p, policy.Choice{
		Grants: map[string]policy.Classes{"editor": p.Offered()}, Hours: []*pb.Hours{hours}, Expires: expires, Gesture: "test",
		Subject: [16]byte{1}, Device: [16]byte{1}, Now: now.Add(-time.Second), Rand: rand.Reader,
	}))
	c := must(policy.ParseConsent(must(policy.SignConsent(m, key)), key.Public().(ed25519.PublicKey), p))
	return must(policy.NewRules(p, p, c))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
