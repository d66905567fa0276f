package capture

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

var custodianKey = sync.OnceValue(func() []byte {
	k, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		panic(err)
	}
	return k.PublicKey().Bytes()
})

// makeRules consents to editors for all hours, with the given classes.
func makeRules(t testing.TB, at time.Time, classes policy.Classes, apps ...*pb.Application) *policy.Rules {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	public := key.Public().(ed25519.PublicKey)
	m := &pb.Policy{
		Version: 1, IssuedAt: at.Add(-time.Hour).Unix(), ExpiresAt: at.AddDate(0, 6, 0).Unix(),
		Controller: &pb.Party{Name: "Labs", Address: "Street 1", Contact: "a@example.org"},
		Purpose:    &pb.Purpose{Id: "training", Text: "Train a model."}, LegalBasis: "consent", RetentionDays: 90,
		AfterExport:  &pb.AfterExport{LabelledBy: "Model House", HumanReview: "two people", Publication: "never"},
		Compensation: "40 EUR a month", Refusal: "nothing", Authority: "dsb.gv.at",
		Custodians:   []*pb.Recipient{{Name: "Council", PublicKey: custodianKey()}},
		Applications: apps, Classes: []pb.DataClass{1, 2, 3, 4, 5, 6, 7},
		Hours:    []*pb.Hours{{Weekdays: []uint32{0, 1, 2, 3, 4, 5, 6}, StartSecond: 0, EndSecond: 86400}},
		Budgets:  &pb.Budgets{BytesPerDay: 10 << 20},
		Language: "en", Jurisdiction: "Austria",
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := policy.Sign(body, key)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(signed, public)
	if err != nil {
		t.Fatal(err)
	}
	choice := policy.Choice{Grants: map[string]policy.Classes{}, Hours: m.GetHours(), Expires: p.Expires(), Gesture: "test: yes",
		Subject: [16]byte{1}, Device: [16]byte{2}, Now: at.Add(-time.Minute), Rand: rand.Reader}
	for _, a := range apps {
		choice.Grants[a.GetId()] = classes
	}
	c, err := policy.NewConsent(p, choice)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := policy.SignConsent(c, key)
	if err != nil {
		t.Fatal(err)
	}
	consent, err := policy.ParseConsent(sealed, public, p)
	if err != nil {
		t.Fatal(err)
	}
	r, err := policy.NewRules(p, p, consent)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var allClasses = policy.Classes(0).With(policy.Pointer).With(policy.Hotkeys).With(policy.Text).With(policy.Frames).With(policy.Elements).With(policy.Labels).With(policy.Lines)

var editorApp = &pb.Application{Id: "editor", Name: "Editor", WmClass: "Editor", Executables: []string{"/usr/bin/editor"}}

// openPermit is a permit for everything.
func openPermit(t testing.TB) policy.Permit {
	now := time.Now()
	return policy.Decide(policy.Situation{Rules: makeRules(t, now, allClasses, editorApp), Now: policy.Moment{Boot: time.Hour, Wall: now},
		App: "editor", Known: true, Indicator: true, Durable: true})
}

// noPace spares no picture.
func noPace() time.Duration { return 0 }

// world is a loop between fakes, with the real gate and the real rules, in fake time.
type world struct {
	t     *testing.T
	g     *gate.Gate
	d     *fakeDisplay
	s     *fakeSenses
	mark  *fakeMark
	l     *loop
	rules *policy.Rules

	steps  []raw.Step
	begin  time.Time
	cancel context.CancelFunc
	ended  chan error
	looks  atomic.Int64 // at the clock, by the loop
	pace   time.Duration

	untyped []string // why no text is recorded, as it was told
}

// The windows of the world: two of the editor, one of somebody else.
var (
	editorA = x11.Focus{Window: 1, Class: "Editor", Instance: "editor", Executable: "/usr/bin/editor", Title: "a", PID: 100, Known: true}
	editorB = x11.Focus{Window: 2, Class: "Editor", Instance: "editor", Executable: "/usr/bin/editor", Title: "b", PID: 100, Known: true}
	chat    = x11.Focus{Window: 3, Class: "Chat", Instance: "chat", Executable: "/usr/bin/chat", Title: "c", PID: 300, Known: true}
)

// newWorld starts a loop with the editor in front and its text field focused, all agreed and all well. Call it in a bubble.
func newWorld(t *testing.T, classes policy.Classes) *world {
	w := newSilentWorld(t, classes, nil)
	w.pass(10)
	w.leaf(textField)
	w.pass(1000)
	return w
}

// newWorldOf is newWorld with other applications agreed.
func newWorldOf(t *testing.T, apps []*pb.Application) *world {
	w := startWorld(t, allClasses, nil, apps...)
	w.pass(10)
	w.leaf(textField)
	w.pass(1000)
	return w
}

// newSilentWorld starts a loop with the editor in front, and no element told. Find, if there is one, tells it when asked.
func newSilentWorld(t *testing.T, classes policy.Classes, find func(*world) a11y.Focus) *world {
	return startWorld(t, classes, find, editorApp)
}

func startWorld(t *testing.T, classes policy.Classes, find func(*world) a11y.Focus, apps ...*pb.Application) *world {
	w := &world{t: t, begin: time.Now(), ended: make(chan error, 1)}
	w.g = gate.New(w.now)
	w.rules = makeRules(t, w.begin, classes, apps...)
	w.g.SetRules(w.rules)
	w.g.Durable(true)
	w.d = &fakeDisplay{w: w, events: make(chan x11.Event, 1024), focus: editorA, own: true}
	w.s = &fakeSenses{focused: make(chan a11y.Focus, 64)}
	w.mark = &fakeMark{}
	opt := Options{Pace: func() time.Duration { return w.pace }, Gate: w.g, Rules: func() *policy.Rules { return w.rules }, Mark: w.mark, Hotkey: fakeHotkey{}, Typed: func(why string) { w.untyped = append(w.untyped, why) }, Log: slog.New(slog.DiscardHandler)}
	w.l = newLoop(opt, w.d, w.s, func(e raw.Event) { w.steps = append(w.steps, raw.Open(e)) })
	w.l.now = func() policy.Moment { w.looks.Add(1); return w.now() }
	w.l.asking = func(int) bool { return false }
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	if find != nil {
		w.s.find = func() a11y.Focus { return find(w) }
	}
	go func() { w.ended <- w.l.run(ctx) }()
	return w
}

func (w *world) now() policy.Moment {
	return policy.Moment{Boot: time.Since(w.begin) + time.Hour, Wall: time.Now()}
}

// pass lets fake time go by.
func (w *world) pass(ms int) {
	<-time.After(time.Duration(ms) * time.Millisecond)
	synctest.Wait()
}

// stop ends the loop and gives its error.
func (w *world) stop() error {
	w.cancel()
	return <-w.ended
}

func (w *world) send(e x11.Event) {
	e.At = w.now()
	e.Time = uint32(e.At.Boot / time.Millisecond)
	w.d.events <- e
}

func (w *world) key(r rune) {
	w.send(x11.Event{Kind: x11.KeyPress, Down: true, Sym: uint32(r), Rune: r})
	w.send(x11.Event{Kind: x11.KeyRelease, Sym: uint32(r)})
}

func (w *world) typed(text string) {
	for _, r := range text {
		w.key(r)
		w.pass(40)
	}
}

func (w *world) hotkey(r rune) {
	w.send(x11.Event{Kind: x11.KeyPress, Down: true, Sym: uint32(r), Rune: r, State: ctrlMask})
	w.send(x11.Event{Kind: x11.KeyRelease, Sym: uint32(r), State: ctrlMask})
}

func (w *world) click(x, y int) {
	w.send(x11.Event{Kind: x11.ButtonPress, Down: true, Button: 1, X: x, Y: y})
	w.pass(30)
	w.send(x11.Event{Kind: x11.ButtonRelease, Button: 1, X: x, Y: y})
}

func (w *world) settled() { w.pass(20); w.send(x11.Event{Kind: x11.Settled}) }

func (w *world) front(f x11.Focus) { w.send(x11.Event{Kind: x11.FocusChanged, Focus: &f}) }

var (
	textField = a11y.Focus{PID: 100, ID: 11, Role: a11y.RoleText, Known: true, Lines: true, Element: a11y.Element{Role: "text"}}
	password  = a11y.Focus{PID: 100, ID: 12, Role: a11y.RolePasswordText, Known: true}
	button    = a11y.Focus{PID: 100, ID: 13, Role: 43, Known: true}
)

func (w *world) leaf(f a11y.Focus) {
	f.At = w.now()
	w.s.focused <- f
}

// said gives the steps in words, without the leaves.
func (w *world) said() []string {
	var out []string
	for _, s := range w.steps {
		if s.Kind != raw.Leave {
			out = append(out, say(s))
		}
	}
	return out
}

func (w *world) of(k raw.Kind) []raw.Step {
	var out []raw.Step
	for _, s := range w.steps {
		if s.Kind == k {
			out = append(out, s)
		}
	}
	return out
}

type fakeDisplay struct {
	w      *world
	events chan x11.Event
	focus  x11.Focus
	own    bool

	recording bool
	watched   uint32
	recorded  int // times that listening was switched on
	grabs     int
	pace      time.Duration
	shots     []*raw.Shot
}

var errDied = errors.New("the display went away")

func (d *fakeDisplay) Events() <-chan x11.Event { return d.events }
func (d *fakeDisplay) Err() error               { return errDied }
func (d *fakeDisplay) Close()                   {}
func (d *fakeDisplay) Focus() x11.Focus         { return d.focus }

func (d *fakeDisplay) Record(on bool) error {
	if on && !d.recording {
		d.recorded++
	}
	d.recording = on
	return nil
}

func (d *fakeDisplay) Pace(least time.Duration) { d.pace = least }

func (d *fakeDisplay) Watch(window uint32) error { d.watched = window; return nil }

func (d *fakeDisplay) Before(window, _ uint32) (*raw.Shot, string) { return d.shot(window, "damage") }
func (d *fakeDisplay) Grab(window uint32) (*raw.Shot, string)      { d.grabs++; return d.shot(window, "") }

func (d *fakeDisplay) shot(window uint32, proof string) (*raw.Shot, string) {
	if window != d.watched {
		return nil, "not watched"
	}
	s := &raw.Shot{Pix: []byte{byte(window), 1, 2, 255}, Stride: 4, Canvas: raw.Rect{W: 1, H: 1}, Proof: proof}
	d.shots = append(d.shots, s)
	return s, ""
}

func (d *fakeDisplay) Layout() (raw.Rect, []raw.Rect, float64) {
	return raw.Rect{W: 800, H: 600}, []raw.Rect{{W: 800, H: 600}}, 1
}
func (d *fakeDisplay) Owns(uint32, int, int) bool { return d.own }
func (d *fakeDisplay) Rect(uint32) raw.Rect       { return raw.Rect{W: 400, H: 300} }

// fakeSenses is an application that answers at once, unless it is hung: then after it goes on.
type fakeSenses struct {
	focused chan a11y.Focus
	hung    atomic.Bool
	secret  atomic.Bool // the field that has the focus is a password field by now
	mu      sync.Mutex
	goes    chan struct{}     // closed when it goes on
	find    func() a11y.Focus // what it says has the focus
	finds   atomic.Int32
	asked   atomic.Int32 // what stands in the window
}

func (s *fakeSenses) hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goes = make(chan struct{})
	s.hung.Store(true)
}

func (s *fakeSenses) goOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hung.Store(false)
	close(s.goes)
}

func (s *fakeSenses) Focused() <-chan a11y.Focus { return s.focused }
func (s *fakeSenses) Close()                     {}

func (s *fakeSenses) Under(ctx context.Context, _ int, _ uint64, _, _ int) (a11y.Element, bool) {
	if s.hung.Load() {
		<-ctx.Done()
		return a11y.Element{}, false
	}
	return a11y.Element{Role: "push button", Name: "Save"}, true
}

func (s *fakeSenses) Find(context.Context, int) (a11y.Focus, bool) {
	s.finds.Add(1)
	if s.find == nil {
		return a11y.Focus{}, false
	}
	return s.find(), true
}

func (s *fakeSenses) Says(ctx context.Context, _ int) (a11y.Said, bool) {
	s.asked.Add(1)
	if s.hung.Load() {
		<-ctx.Done()
		return a11y.Said{}, false
	}
	return a11y.Said{Labels: []a11y.Element{{Role: "push button", Name: "Save"}}}, true
}

func (s *fakeSenses) Answers(ctx context.Context, _ uint64) (secret bool, err error) {
	if !s.hung.Load() {
		return s.secret.Load(), nil
	}
	s.mu.Lock()
	goes := s.goes
	s.mu.Unlock()
	select {
	case <-goes:
		return s.secret.Load(), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

type fakeMark struct {
	hidden atomic.Bool
	at     atomic.Uint32 // the server's time of a press on it
}

func (m *fakeMark) Touched(at uint32) bool { return m.at.Load() == at }

// fakeHotkey is ctrl+alt+shift and the key 33.
type fakeHotkey struct{}

func (fakeHotkey) Has(code byte) bool { return code == 33 }
func (fakeHotkey) Is(code byte, state uint16) bool {
	return code == 33 && state&(pressed|shiftMask) == ctrlMask|altMask|shiftMask
}

func (m *fakeMark) Prove() bool { return !m.hidden.Load() }
