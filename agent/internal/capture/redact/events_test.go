package redact

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
)

// told writes events in short, one each.
func told(evs []Event) []string {
	var out []string
	for _, e := range evs {
		a := e.Action()
		switch {
		case a == nil:
			out = append(out, e.Gap().String())
		case a.Text != nil:
			out = append(out, strings.TrimPrefix(a.Kind.String(), "KIND_")+" "+a.Text.Net)
		default:
			out = append(out, strings.TrimSpace(strings.TrimPrefix(a.Kind.String(), "KIND_")+" "+a.Hotkey))
		}
	}
	return out
}

func TestOrder(t *testing.T) {
	gap := raw.Wrap(raw.Step{Kind: raw.Gap, From: start, Until: start.Add(time.Second), Reason: policy.Secret})
	leave := raw.Wrap(raw.Step{Kind: raw.Leave})
	text := func(s string) raw.Event { return raw.Wrap(textStep(t, 7, keys(s))) }
	elsewhere := func() raw.Event { return raw.Wrap(textStep(t, 8, keys("other "))) }
	save, enter, tab, pasted := hotkey(t, "ctrl+s", raw.Unknown), hotkey(t, "Return", raw.Newline), hotkey(t, "Tab", raw.Tab), hotkey(t, "ctrl+v", raw.Unknown)
	for _, c := range []struct {
		name string
		in   []raw.Event
		want []string
	}{
		{"a word that is left is a word", []raw.Event{text("hello"), save, leave, elsewhere()}, []string{"TEXT hello", "HOTKEY ctrl+s", "TEXT other "}},
		{"a word that is left last may be a part", []raw.Event{text("hello"), save, leave}, []string{"TEXT <TOKEN#1>", "HOTKEY ctrl+s"}},
		{"a word that may go on is not", []raw.Event{text("well, hello"), save, text(" world ")}, []string{"TEXT well, <TOKEN#1>", "HOTKEY ctrl+s", "TEXT  world "}},
		{"Return ends a token", []raw.Event{text("report-7.txt"), enter}, []string{"TEXT report-7.txt", "HOTKEY Return"}},
		{"halves by a click", []raw.Event{text("4539 1488"), click(t), text("0343 6467 ok "), leave}, []string{"TEXT <PHONE#1>", "CLICK", "TEXT <PHONE#2> ok "}},
		{"halves by a paste", []raw.Event{text("jane.do"), pasted, text("e@example.com "), leave}, []string{"TEXT <TOKEN#1>", "HOTKEY ctrl+v", "TEXT <EMAIL#1> "}},
		{"halves over two visits", []raw.Event{text("AKIAIOSF"), leave, text("ODNN7EXAMPLE "), leave}, []string{"TEXT <TOKEN#1>", "TEXT <TOKEN#2> "}},
		{"four boxes", []raw.Event{text("4539"), tab, text("1488"), tab}, []string{"TEXT <NUMBER#1>", "HOTKEY Tab", "TEXT <NUMBER#2>", "HOTKEY Tab"}},
		{"another element", []raw.Event{text("hello"), elsewhere(), leave}, []string{"TEXT hello", "TEXT other "}},
		{"a gap", []raw.Event{text("note "), gap}, []string{"TEXT note ", "REASON_SECRET"}},
		{"many deeds", []raw.Event{text("hello"), save, save, save, save, save, save, save},
			[]string{"TEXT <TOKEN#1>", "HOTKEY ctrl+s", "HOTKEY ctrl+s", "HOTKEY ctrl+s", "HOTKEY ctrl+s", "HOTKEY ctrl+s", "HOTKEY ctrl+s", "HOTKEY ctrl+s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRedactor(t)
			var got []Event
			for _, ev := range c.in {
				got = append(got, r.Apply(ev)...)
			}
			if d := cmp.Diff(c.want, told(append(got, r.Flush()...))); d != "" {
				t.Error(d)
			}
			for i := 1; i < len(got); i++ {
				if got[i].Action() != nil && got[i].At().Before(got[i-1].At()) {
					t.Error("an event begins before the one before it")
				}
			}
		})
	}
}

func TestHeld(t *testing.T) {
	r := newRedactor(t)
	if got := typeText(t, r, "pay 4539 1488 "); got != nil {
		t.Fatalf("digits that may go on were told: %v", told(got))
	}
	if got := told(typeText(t, r, "0343 6467\nok ")); len(got) != 1 || got[0] != "TEXT pay <CARD#1>\nok " {
		t.Errorf("got %q", got)
	}
	if got := typeText(t, r, "GB82 WEST "); got != nil {
		t.Fatalf("an account number that may go on was told: %v", told(got))
	}
	block := "-----BEGIN EC KEY-----\n" + strings.Repeat("abcd efgh\n", 800)
	got := nets(append(typeText(t, newRedactor(t), block), r.Flush()...))
	if strings.Contains(got, "efgh") {
		t.Errorf("a long key block came out: %.60q", got)
	}
}

// TestPermits drops what a permit lacks.
func TestPermits(t *testing.T) {
	img := page(themes[0], faces(t)["mono 14"], 200, 100)
	step := func(k raw.Kind, c policy.Classes) raw.Step {
		s := textStep(t, 7, keys("hello there "))
		s.Kind, s.Permit, s.Combo, s.Before = k, permit(t, c), "ctrl+s", shotOf(img)
		s.Element = raw.Element{Role: "entry", Name: "mail of jane@example.com"}
		return s
	}
	without := func(c policy.Class) policy.Classes { return all() &^ policy.Classes(0).With(c) }
	for _, c := range []struct {
		kind raw.Kind
		lack policy.Class
		want bool
	}{
		{raw.Click, policy.Pointer, false}, {raw.Drag, policy.Pointer, false}, {raw.Scroll, policy.Pointer, false}, {raw.Hotkey, policy.Hotkeys, false},
		{raw.Click, policy.Hotkeys, true}, {raw.Hotkey, policy.Pointer, true}, {raw.Click, policy.Frames, true}, {raw.Click, policy.Elements, true},
	} {
		r := newRedactor(t)
		got := append(r.Apply(raw.Wrap(step(c.kind, without(c.lack)))), r.Flush()...)
		if (len(got) == 1) != c.want {
			t.Fatalf("kind %d without class %d: %v", c.kind, c.lack, told(got))
		}
		if len(got) == 0 {
			continue
		}
		a := got[0].Action()
		if c.lack == policy.Frames != (len(got[0].Frames()) == 0 && a.Before.Sha256 == nil && a.Before.Withheld != "") {
			t.Errorf("kind %d without class %d: frames are %v", c.kind, c.lack, a.Before)
		}
		if (c.lack == policy.Elements) != (a.Element == nil) {
			t.Errorf("kind %d without class %d: element is %v", c.kind, c.lack, a.Element)
		}
		if a.Element != nil && a.Element.Name != "mail of <EMAIL#1>" {
			t.Errorf("element is named %q", a.Element.Name)
		}
	}
	closed := step(raw.Click, all())
	closed.Permit = policy.Permit{}
	if got := newRedactor(t).Apply(raw.Wrap(closed)); got != nil {
		t.Errorf("a closed permit gave %v", told(got))
	}
}

func TestWithheld(t *testing.T) {
	r := newRedactor(t)
	var got []Event
	for range 3 {
		got = append(got, r.Apply(raw.Wrap(textStep(t, 0, keys("hunter2"))))...)
	}
	if len(got) != 1 {
		t.Fatalf("%d events tell how often something was typed", len(got))
	}
	want := &pb.Text{Withheld: true}
	if !proto.Equal(got[0].Action().Text, want) || got[0].At().Nanosecond() != 0 {
		t.Errorf("got %v at %v", got[0].Action().Text, got[0].At())
	}
}

// TestTimes holds that typing is told in whole seconds and without its duration, and what else happens in tenths.
func TestTimes(t *testing.T) {
	r := newRedactor(t)
	at := start.Add(777 * time.Millisecond)
	for _, text := range []string{"hello there\n", "now 123-45-6789 ok\n"} {
		s := textStep(t, 7, keys(text))
		s.From, s.Until = at, at.Add(1234*time.Millisecond)
		e := r.Apply(raw.Wrap(s))[0]
		if !e.At().Equal(at.Wall.Truncate(time.Second)) || e.Until().Nanosecond() != 0 || e.Action().DurationMs != 0 {
			t.Errorf("typing: at %v until %v for %d ms", e.At(), e.Until(), e.Action().DurationMs)
		}
		if d := e.Action().Text.Spans; len(d) > 1 || len(d) == 1 && (d[0].Class != "SSN" || d[0].Length != 16 || e.Action().Text.Net[d[0].Start:d[0].End] != "<SSN#1>") {
			t.Errorf("spans are %v", d)
		}
	}
	s := raw.Step{Kind: raw.Drag, From: at, Until: at.Add(1234 * time.Millisecond), Permit: permit(t, all())}
	if e := r.Apply(raw.Wrap(s))[0]; e.At().Nanosecond() != 800e6 || e.Action().DurationMs != 1300 {
		t.Errorf("a drag: at %v for %d ms", e.At(), e.Action().DurationMs)
	}
}

// TestAgesAreRounded: how old a picture was tells the pace of keys no better than anything else does.
func TestAgesAreRounded(t *testing.T) {
	for d, want := range map[time.Duration]uint32{-time.Second: 0, 0: 0, 87 * time.Millisecond: 100, 100 * time.Millisecond: 100, 101 * time.Millisecond: 200, math.MaxInt64: (1<<31 + 99) / 100 * 100} {
		shot := noise(rand.New(rand.NewPCG(1, 1)), 64, 32, 3)
		shot.Age = d
		s := raw.Step{Kind: raw.Click, Button: "left", Count: 1, From: start, Until: start, Permit: permit(t, all()), Before: shot}
		if got := newRedactor(t).Apply(raw.Wrap(s))[0].Action().GetBefore(); got.GetAgeMs() != want || len(got.GetSha256()) == 0 {
			t.Errorf("a picture of %v has the age %d, want %d: %v", d, got.GetAgeMs(), want, got.GetWithheld())
		}
	}
}

func TestEdits(t *testing.T) {
	key := func(e raw.Edit) raw.Key { return raw.Key{At: start.Boot, Edit: e} }
	rep := func(e raw.Edit, n int) (out []raw.Key) {
		for range n {
			out = append(out, key(e))
		}
		return out
	}
	join := func(parts ...[]raw.Key) (out []raw.Key) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	for _, c := range []struct {
		name    string
		keys    []raw.Key
		want    string
		deleted uint32
	}{
		{"caret", join(keys("helo world"), rep(raw.Left, 7), keys("l"), rep(raw.Right, 7), keys("\n")), "hello world\n\n", 0},
		{"selection", join(keys("one two"), rep(raw.SelectLeft, 3), keys("six\n")), "one six\n\n", 4},
		{"delete", join(keys("onex"), rep(raw.Left, 1), rep(raw.Delete, 1), keys(" two\n")), "one two\n\n", 4},
		{"word back", join(keys("one two"), rep(raw.WordBack, 1), keys("six\n")), "one six\n\n", 4},
		{"all replaced", join(keys("123-45-6789 x"), rep(raw.SelectAll, 1), keys("new text\n")), "new text\n\n", 16},
		{"second half first", join(keys("0343 6467"), rep(raw.Left, 9), keys("4539 1488 "), rep(raw.Right, 9), keys(" ok\n")), "<CARD#1> ok\n\n", 0},
		{"remains", join(keys("jane@example.com"), rep(raw.Backspace, 8), keys(" ok\n")), "<EMAIL#1> ok\n\n", 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRedactor(t)
			got := append(r.Apply(raw.Wrap(textStep(t, 7, c.keys))), r.Flush()...)
			if n := nets(got); n != c.want {
				t.Errorf("got %q, want %q", n, c.want)
			}
			if d := got[0].Action().Text.Deleted; d != c.deleted {
				t.Errorf("deleted %d, want %d", d, c.deleted)
			}
		})
	}
}

func TestPoints(t *testing.T) {
	r := newRedactor(t)
	s := raw.Step{Kind: raw.Drag, From: start, Until: start, Permit: permit(t, all()), Button: "left", X: 60, Y: 45, ToX: 5000, ToY: -3,
		Window: raw.Window{Title: "x", Rect: raw.Rect{X: 10, Y: 20, W: 100, H: 50}, Screen: raw.Rect{W: 1920, H: 1080}, Scale: math.NaN()}}
	a := r.Apply(raw.Wrap(s))[0].Action()
	if want := (&pb.Point{X: 50, Y: 25, Nx: .5, Ny: .5}); !proto.Equal(a.At, want) {
		t.Errorf("at %v, want %v", a.At, want)
	}
	if want := (&pb.Point{X: 99, Y: 0, Nx: .99, Ny: 0}); !proto.Equal(a.To, want) || a.Window.Scale != 1 {
		t.Errorf("to %v, want %v; scale %v", a.To, want, a.Window.Scale)
	}
}

// TestHeldKeys: the keys that were held at a press are told where names of keys were agreed to, and never anything that could have been typed.
func TestHeldKeys(t *testing.T) {
	for _, c := range []struct {
		classes    policy.Classes
		kind       raw.Kind
		held, want string
	}{
		{all(), raw.Click, "ctrl", "ctrl"}, {all(), raw.Drag, "ctrl+shift", "ctrl+shift"}, {all(), raw.Scroll, "ctrl", "ctrl"}, {all(), raw.Click, "", ""},
		{all().Without(policy.Hotkeys), raw.Click, "ctrl", ""}, {all().Without(policy.Hotkeys), raw.Scroll, "ctrl", ""},
		{all(), raw.Click, "ctrl+s", ""}, {all(), raw.Click, "s", ""}, {all(), raw.Click, "ctrl+", ""},
	} {
		s := raw.Step{Kind: c.kind, From: start, Until: start, Permit: permit(t, c.classes), Button: "left", Count: 1, Combo: c.held,
			Window: raw.Window{Title: "x", Rect: raw.Rect{W: 100, H: 50}}}
		if got := newRedactor(t).Apply(raw.Wrap(s))[0].Action().GetHotkey(); got != c.want {
			t.Errorf("kind %d, %q held under %v became %q, want %q", c.kind, c.held, c.classes, got, c.want)
		}
	}
}

func TestCombos(t *testing.T) {
	for in, want := range map[string]string{"ctrl+s": "ctrl+s", "Return": "Return", "shift+Tab": "shift+Tab", "ctrl+plus": "ctrl+plus", "a": "", "shift+a": "",
		"": "", "ß": "", "ctrl+": "", "x\x1b[2J": "", "ctrl+ф": "ctrl+ф", strings.Repeat("a", 99): ""} {
		if got := combo(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// TestDetermined: two redactors with other random keys tell the same.
func TestDetermined(t *testing.T) {
	tell := func() string {
		r := newRedactor(t)
		got := typeText(t, r, "a 123-45-6789 b jane@x.org 123-45-6789 c\bd\n")
		return fmt.Sprint(told(append(got, r.Flush()...)), r.Version())
	}
	if a, b := tell(), tell(); a != b {
		t.Errorf("%s\n%s", a, b)
	}
}

func TestVersion(t *testing.T) {
	r := newRedactor(t)
	if Disconnected || !strings.HasPrefix(r.Version(), "byleave-redact/") {
		t.Errorf("version is %q", r.Version())
	}
	seen := map[[32]byte]bool{digestOf(nil, nil): true}
	for _, d := range [][32]byte{digestOf([]string{"a"}, nil), digestOf(nil, []string{"a"}), digestOf([]string{"a", "b"}, nil), digestOf([]string{"ab"}, nil)} {
		if seen[d] {
			t.Error("two rule sets have one digest")
		}
		seen[d] = true
	}
}

// TestWiped sees to it that pixels and keys are gone once an event was taken.
func TestWiped(t *testing.T) {
	s := textStep(t, 7, keys("hunter2 "))
	s.Before = shotOf(page(themes[0], faces(t)["mono 14"], 200, 100))
	pix := s.Before.Pix
	newRedactor(t).Apply(raw.Wrap(s))
	for _, b := range pix {
		if b != 0 {
			t.Fatal("pixels are left")
		}
	}
	for _, k := range s.Keys {
		if k != (raw.Key{}) {
			t.Fatal("keys are left")
		}
	}
}
