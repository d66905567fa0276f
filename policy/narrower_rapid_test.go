package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// pick draws a part of list, in its order.
func pick[T any](t *rapid.T, label string, list []T) []T {
	var out []T
	for i, v := range list {
		if rapid.Bool().Draw(t, label+string(rune('a'+i))) {
			out = append(out, v)
		}
	}
	return out
}

var (
	somePaths  = []string{"/usr/bin/mousepad", "/opt/mousepad", "/usr/bin/thunar"}
	someTitles = []string{"Work", "W.*", "Home .*", "a|b"}
	someSpans  = []*pb.Hours{
		{Weekdays: []uint32{1, 2}, StartSecond: 0, EndSecond: 36000}, {Weekdays: []uint32{1}, StartSecond: 30000, EndSecond: 50000},
		{Weekdays: []uint32{1, 3}, StartSecond: 36000, EndSecond: 40000}, {Weekdays: []uint32{0, 1, 2}, StartSecond: 50000, EndSecond: 86400},
	}
	someExclusions = []*pb.Exclusion{{Name: "a", TitlePattern: "home"}, {Name: "b", WmClass: "thunar"}, {Name: "c", Executable: "mousepad", TitlePattern: "^W"}}
)

func drawApplication(t *rapid.T, id string) *pb.Application {
	paths := pick(t, id+" path ", somePaths)
	if len(paths) == 0 {
		paths = somePaths[:1]
	}
	return &pb.Application{
		Id: id, Name: id, Executables: paths, TitlePatterns: pick(t, id+" title ", someTitles),
		WmClass: rapid.SampledFrom([]string{"Mousepad", "Thunar"}).Draw(t, id+" class"),
	}
}

// drawPolicy draws a small policy whose applications may overlap.
func drawPolicy(t *rapid.T) *pb.Policy {
	m := sample()
	m.Applications = nil
	for _, id := range pick(t, "application ", []string{"a", "b", "c"}) {
		m.Applications = append(m.Applications, drawApplication(t, id))
	}
	m.Classes = pick(t, "class ", []pb.DataClass{1, 2, 3, 4, 5, 6, 7})
	m.Hours = pick(t, "hours ", someSpans)
	m.Exclusions = pick(t, "exclusion ", someExclusions)
	m.Redaction.Terms = pick(t, "term ", []string{"Falcon", "Robin"})
	return m
}

// mutate changes m in one way: half of the ways take something away, the others draw something anew.
func mutate(t *rapid.T, m *pb.Policy) {
	switch rapid.IntRange(0, 15).Draw(t, "mutation") {
	case 0:
		m.Applications = pick(t, "kept application ", m.Applications)
	case 1:
		for _, a := range m.Applications {
			if kept := pick(t, a.Id+" kept path ", a.Executables); len(kept) > 0 {
				a.Executables = kept
			}
		}
	case 2:
		for _, a := range m.Applications {
			a.TitlePatterns = pick(t, a.Id+" kept title ", a.TitlePatterns)
		}
	case 3:
		m.Classes = pick(t, "kept class ", m.Classes)
	case 4:
		m.Hours = pick(t, "kept hours ", m.Hours)
	case 5:
		m.Exclusions = someExclusions
	case 6:
		m.RetentionDays--
	case 7:
		m.ExpiresAt -= rapid.Int64Range(0, 1<<20).Draw(t, "sooner")
	case 8:
		m.Applications = rapid.Permutation(m.Applications).Draw(t, "order")
	case 9:
		m.Hours = pick(t, "new hours ", someSpans)
	case 10:
		m.Exclusions = pick(t, "new exclusion ", someExclusions)
	case 11:
		m.Classes = pick(t, "new class ", []pb.DataClass{1, 2, 3, 4, 5, 6, 7})
	case 12:
		for i, a := range m.Applications {
			m.Applications[i] = drawApplication(t, a.Id)
		}
	case 13:
		m.Budgets.BytesPerDay = rapid.Uint64Range(0, 20<<20).Draw(t, "bytes")
	case 14:
		m.Redaction.Terms = pick(t, "new term ", []string{"Falcon", "Robin", "Wren"})
	case 15:
		m.ExpiresAt += rapid.Int64Range(-1000, 1000).Draw(t, "expiry")
	}
}

func drawWindow(t *rapid.T) Window {
	return Window{
		Class:      rapid.SampledFrom([]string{"Mousepad", "Thunar", ""}).Draw(t, "window class"),
		Executable: rapid.SampledFrom(append(slices.Clone(somePaths), "")).Draw(t, "window path"),
		Title:      rapid.SampledFrom([]string{"Work", "Wx", "Home x", "a", "", "b\n"}).Draw(t, "window title"),
	}
}

func drawMoment(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "near the end") {
		return time.Unix(sample().ExpiresAt+rapid.Int64Range(-1<<20, 1000).Draw(t, "after the end"), 0).In(vienna)
	}
	return time.Date(2026, 9, 6, 0, 0, rapid.IntRange(0, 3*day).Draw(t, "second"), 0, vienna)
}

// capture is what would be recorded with everything else in order.
func capture(r *Rules, w Window, wall time.Time) Permit {
	app, why := r.Match(w)
	return Decide(Situation{Rules: r, Now: Moment{Boot: 1, Wall: wall}, App: app, AppWhy: why, Known: true, Indicator: true, Durable: true})
}

// allOf compiles p with a consent that grants all of it, past the rule that a consent to nothing cannot be given.
func allOf(t *rapid.T, pinned, newest Policy, grants map[string]Classes) *Rules {
	r := &Rules{
		granted: grants, hours: newWeek(pinned.message.GetHours()).meet(newWeek(newest.message.GetHours())),
		given: time.Unix(pinned.message.GetIssuedAt(), 0), expires: earliest(pinned.Expires(), newest.Expires()),
	}
	for id := range grants {
		grants[id] = grants[id].Meet(pinned.Offered()).Meet(newest.Offered())
	}
	if err := r.compile(pinned, newest); err != nil {
		t.Fatal(err)
	}
	return r
}

func fullGrants(p Policy) map[string]Classes {
	g := map[string]Classes{}
	for _, a := range p.message.GetApplications() {
		g[a.GetId()] = p.Offered()
	}
	return g
}

// I2, I3: what Narrower accepts captures nothing that was not captured before, alone or as the newest beside the pinned.
func TestNarrowerNeverWidens(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(rt *rapid.T) {
		before := drawPolicy(rt)
		after := proto.CloneOf(before)
		for range rapid.IntRange(0, 3).Draw(rt, "mutations") {
			mutate(rt, after)
		}
		prev, next := parsed(t, before), parsed(t, after)
		if Narrower(next, prev) != nil {
			return
		}
		accepted++
		checkNotLarger(rt, after, before)
		was, is := allOf(rt, prev, prev, fullGrants(prev)), allOf(rt, next, next, fullGrants(next))
		some := func() map[string]Classes {
			g := map[string]Classes{}
			for i, a := range before.Applications {
				g[a.Id] = Classes(uint8(0xfe>>(i+1))) & 0xfe
			}
			return g
		}
		meetWas, meetIs := allOf(rt, prev, prev, some()), allOf(rt, prev, next, some())
		for range 8 {
			w, wall := drawWindow(rt), drawMoment(rt)
			checkWithin(rt, capture(is, w, wall), capture(was, w, wall), false)
			checkWithin(rt, capture(meetIs, w, wall), capture(meetWas, w, wall), true)
		}
	})
	if accepted == 0 {
		t.Error("no pair was accepted: nothing was tested")
	}
}

func checkWithin(t *rapid.T, now, before Permit, sameApp bool) {
	for _, c := range AllClasses() {
		if now.Allows(c) && !before.Allows(c) {
			t.Fatalf("%s is captured now and was not before", c)
		}
	}
	if sameApp && now.Open() && now.App() != before.App() {
		t.Fatalf("captured as %s, was %s", now.App(), before.App())
	}
}

func checkNotLarger(t *rapid.T, n, p *pb.Policy) {
	switch {
	case !proto.Equal(n.Controller, p.Controller), !proto.Equal(n.Purpose, p.Purpose), n.LegalBasis != p.LegalBasis,
		!slices.EqualFunc(n.Custodians, p.Custodians, equal), n.RetentionDays > p.RetentionDays, n.ExpiresAt > p.ExpiresAt,
		bytesPerDay(n) > bytesPerDay(p), !subset(p.Redaction.GetTerms(), n.Redaction.GetTerms()), len(n.Exclusions) < len(p.Exclusions):
		t.Fatal("a promise became weaker")
	}
}

// Taking away needs no question, however it is combined.
func TestNarrowingsAreAccepted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := sample()
		for _, n := range pick(rt, "narrowing ", narrowings) {
			n.narrow(m)
		}
		if err := Narrower(parsed(t, m), parsed(t, sample())); err != nil {
			rt.Fatal(err)
		}
	})
}
