package policy

import (
	"errors"
	"slices"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Each row is a change that lets more be captured, kept, sent or read, or that a person was not told.
func TestNarrowerTraps(t *testing.T) {
	app := func(i int) func(*pb.Policy) *pb.Application {
		return func(m *pb.Policy) *pb.Application { return m.Applications[i] }
	}
	editor, files := app(0), app(1)
	tests := []struct {
		name  string
		widen func(*pb.Policy)
		words string
	}{
		{"controller moved", func(m *pb.Policy) { m.Controller.Address = "elsewhere" }, "controller"},
		{"controller contact", func(m *pb.Policy) { m.Controller.Contact = "x@example.org" }, "controller"},
		{"purpose by name", func(m *pb.Policy) { m.Purpose.Id = "evaluation" }, "purpose"},
		{"purpose by text", func(m *pb.Policy) { m.Purpose.Text += " And to rate people." }, "purpose"},
		{"legal basis", func(m *pb.Policy) { m.LegalBasis = "legitimate interest" }, "legal basis"},
		{"labelled by another", func(m *pb.Policy) { m.AfterExport.LabelledBy = "Other Model House" }, "after export"},
		{"labelled by nobody named", func(m *pb.Policy) { m.AfterExport.LabelledBy = "" }, "after export"},
		{"published", func(m *pb.Policy) { m.AfterExport.Publication = "openly" }, "after export"},
		{"human review", func(m *pb.Policy) { m.AfterExport.HumanReview = "anyone" }, "after export"},
		{"custodian's key", func(m *pb.Policy) { m.Custodians[1].PublicKey = custodianKeys()[2] }, "custodians"},
		{"custodian's name", func(m *pb.Policy) { m.Custodians[1].Name = "Boss" }, "custodians"},
		{"one custodian fewer to persuade", func(m *pb.Policy) { m.Custodians = m.Custodians[1:] }, "custodians"},
		{"one custodian more", func(m *pb.Policy) {
			m.Custodians = append(m.Custodians, &pb.Recipient{Name: "Third", PublicKey: custodianKeys()[2]})
		}, "custodians"},
		{"custodians swapped", func(m *pb.Policy) { slices.Reverse(m.Custodians) }, "custodians"},
		{"kept a day longer", func(m *pb.Policy) { m.RetentionDays++ }, "longer"},
		{"ends a second later", func(m *pb.Policy) { m.ExpiresAt++ }, "ends later"},
		{"a byte a day more", func(m *pb.Policy) { m.Budgets.BytesPerDay++ }, "bytes"},
		{"budget left to the larger default", func(m *pb.Policy) { m.Budgets.BytesPerDay = 0 }, "bytes"},
		{"no budgets at all", func(m *pb.Policy) { m.Budgets = nil }, "bytes"},
		{"an hour starts earlier", func(m *pb.Policy) { m.Hours[0].StartSecond-- }, "hours"},
		{"an hour ends later", func(m *pb.Policy) { m.Hours[0].EndSecond++ }, "hours"},
		{"a day more", func(m *pb.Policy) { m.Hours[0].Weekdays = append(m.Hours[0].Weekdays, 6) }, "hours"},
		{"the same hour on another day", func(m *pb.Policy) { m.Hours[1].Weekdays = []uint32{2} }, "hours"},
		{"the noon gap closed", func(m *pb.Policy) { m.Hours[1].StartSecond = 12 * 3600 }, "hours"},
		{"hours that wrap the gap", func(m *pb.Policy) {
			m.Hours = []*pb.Hours{{Weekdays: []uint32{1}, StartSecond: 9 * 3600, EndSecond: 17 * 3600}}
		}, "hours"},
		{"a new application", func(m *pb.Policy) {
			m.Applications = append(m.Applications, &pb.Application{Id: "mail", Name: "Mail", WmClass: "Mail", Executables: []string{"/usr/bin/mail"}})
		}, "application mail"},
		{"an application under another id", func(m *pb.Policy) { editor(m).Id = "editor2" }, "editor2"},
		{"ids swapped", func(m *pb.Policy) { editor(m).Id, files(m).Id = "files", "editor" }, "application"},
		{"applications in another order", func(m *pb.Policy) { slices.Reverse(m.Applications) }, "moved"},
		{"another name shown", func(m *pb.Policy) { editor(m).Name = "Harmless" }, "name or class"},
		{"another class", func(m *pb.Policy) { editor(m).WmClass = "Xterm" }, "name or class"},
		{"a class in other letters", func(m *pb.Policy) { editor(m).WmClass = "mousepad" }, "name or class"},
		{"one more executable", func(m *pb.Policy) { editor(m).Executables = append(editor(m).Executables, "/bin/sh") }, "executable"},
		{"another executable", func(m *pb.Policy) { files(m).Executables[0] = "/usr/bin/Thunar" }, "executable"},
		{"title patterns gone", func(m *pb.Policy) { files(m).TitlePatterns = nil }, "any title"},
		{"one more title pattern", func(m *pb.Policy) { files(m).TitlePatterns = append(files(m).TitlePatterns, "Mail") }, "title pattern"},
		{"a title pattern loosened", func(m *pb.Policy) { files(m).TitlePatterns[0] = "Work.*" }, "title pattern"},
		{"a title pattern that means less but reads otherwise", func(m *pb.Policy) { files(m).TitlePatterns[1] = "Home folder" }, "title pattern"},
		{"a redaction pattern fewer", func(m *pb.Policy) { m.Redaction.Patterns = m.Redaction.Patterns[1:] }, "redaction pattern"},
		{"a redaction pattern changed", func(m *pb.Policy) { m.Redaction.Patterns[0] = "P-[0-9]*" }, "redaction pattern"},
		{"a redaction term fewer", func(m *pb.Policy) { m.Redaction.Terms = m.Redaction.Terms[:1] }, "redaction term"},
		{"no redaction at all", func(m *pb.Policy) { m.Redaction = nil }, "redaction"},
		{"an exclusion fewer", func(m *pb.Policy) { m.Exclusions = m.Exclusions[:1] }, "exclusion"},
		{"an exclusion needs one thing more", func(m *pb.Policy) { m.Exclusions[0].WmClass = "Firefox" }, "exclusion"},
		{"an exclusion's pattern changed", func(m *pb.Policy) { m.Exclusions[0].TitlePattern = "my bank" }, "exclusion"},
		{"compensation", func(m *pb.Policy) { m.Compensation = "nothing" }, "compensation"},
		{"refusal", func(m *pb.Policy) { m.Refusal = "a talk with your manager" }, "refusal"},
		{"authority", func(m *pb.Policy) { m.Authority = "nobody" }, "authority"},
		{"language", func(m *pb.Policy) { m.Language = "de" }, "language"},
		{"an hour over midnight", func(m *pb.Policy) {
			m.Hours = append(m.Hours, &pb.Hours{Weekdays: []uint32{5}, StartSecond: 22 * 3600, EndSecond: 86400}, &pb.Hours{Weekdays: []uint32{6}, EndSecond: 3600})
		}, "hours"},
		{"all week, at hours that were agreed on two days", func(m *pb.Policy) { m.Hours[1].Weekdays = []uint32{0, 1, 2, 3, 4, 5, 6} }, "hours"},
		{"an application split into two ids", func(m *pb.Policy) {
			twin := proto.CloneOf(editor(m))
			editor(m).Executables, twin.Executables, twin.Id = editor(m).Executables[:1], twin.Executables[1:], "editor2"
			m.Applications = slices.Insert(m.Applications, 1, twin)
		}, "editor2"},
		{"an executable that looks the same", func(m *pb.Policy) { editor(m).Executables[0] = "/usr/bin/mousep\u0430d" }, "executable"},
		{"a class that looks the same", func(m *pb.Policy) { editor(m).WmClass = "M\u043eusepad" }, "name or class"},
		{"a term that looks the same", func(m *pb.Policy) { m.Redaction.Terms[1] = "F\u0430lcon" }, "redaction term"},
		{"a term in other letters", func(m *pb.Policy) { m.Redaction.Terms[1] = "FALCON" }, "redaction term"},
		{"a title pattern in any letters", func(m *pb.Policy) { files(m).TitlePatterns[0] = "(?i)Work" }, "title pattern"},
		{"title patterns joined into one", func(m *pb.Policy) { files(m).TitlePatterns = []string{"Work|Home .*"} }, "title pattern"},
		{"a redaction pattern anchored", func(m *pb.Policy) { m.Redaction.Patterns[0] = "^P-[0-9]+$" }, "redaction pattern"},
		{"an exclusion of another kind", func(m *pb.Policy) { m.Exclusions[1] = &pb.Exclusion{Name: "Chat", Executable: "slack"} }, "exclusion"},
		{"an exclusion's name", func(m *pb.Policy) { m.Exclusions[0].Name = "Shop" }, "exclusion"},
		{"the controller's name in other letters", func(m *pb.Policy) { m.Controller.Name = "example labs" }, "controller"},
		{"a later start of an agreed hour that ends later", func(m *pb.Policy) { m.Hours[0].StartSecond, m.Hours[0].EndSecond = 10*3600, 12*3600+1 }, "hours"},
		{"narrower in all but one", func(m *pb.Policy) {
			m.RetentionDays, m.ExpiresAt, m.Applications, m.Hours = 1, m.ExpiresAt-1000, m.Applications[:1], m.Hours[:1]
			editor(m).Executables = append(editor(m).Executables, "/bin/sh")
		}, "executable"},
		{"jurisdiction", func(m *pb.Policy) { m.Jurisdiction = "elsewhere" }, "jurisdiction"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := sample()
			m.Version++
			tt.widen(m)
			err := Narrower(parsed(t, m), parsed(t, sample()))
			if !errors.Is(err, ErrWider) {
				t.Fatalf("got %v, want ErrWider", err)
			}
			sentence(t, err, "policy: version 4 is wider than version 3", tt.words, "until the person decides")
		})
	}
	t.Logf("%d traps", len(tests))
}

// Three traps that need another policy before them: an empty list means any title, but no application, hour or class at all.
func TestNarrowerEmptyLists(t *testing.T) {
	for name, tt := range map[string]struct {
		empty, fill func(*pb.Policy)
	}{
		"applications": {func(m *pb.Policy) { m.Applications = nil }, func(m *pb.Policy) { m.Applications = sample().Applications[:1] }},
		"hours":        {func(m *pb.Policy) { m.Hours = nil }, func(m *pb.Policy) { m.Hours = sample().Hours[:1] }},
		"classes":      {func(m *pb.Policy) { m.Classes = nil }, func(m *pb.Policy) { m.Classes = []pb.DataClass{1} }},
	} {
		prev, next := sample(), sample()
		tt.empty(prev)
		tt.fill(next)
		if err := Narrower(parsed(t, next), parsed(t, prev)); !errors.Is(err, ErrWider) {
			t.Errorf("%s where there were none: %v", name, err)
		}
		if err := Narrower(parsed(t, prev), parsed(t, sample())); err != nil {
			t.Errorf("no %s where there were some: %v", name, err)
		}
	}
}

func TestNarrowerClass(t *testing.T) {
	prev, next := sample(), sample()
	prev.Classes = []pb.DataClass{1, 2}
	next.Classes = []pb.DataClass{1, 3}
	err := Narrower(parsed(t, next), parsed(t, prev))
	sentence(t, err, "gained the class text")
	next.Classes = []pb.DataClass{1, 7}
	sentence(t, Narrower(parsed(t, next), parsed(t, prev)), "gained the class lines")
}

// narrowings are changes that take away; any of them, in any combination, needs no question.
var narrowings = []struct {
	name   string
	narrow func(*pb.Policy)
}{
	{"nothing", func(*pb.Policy) {}},
	{"a later version", func(m *pb.Policy) { m.Version, m.IssuedAt = m.Version+5, m.IssuedAt+5 }},
	{"kept shorter", func(m *pb.Policy) { m.RetentionDays = 1 }},
	{"ends sooner", func(m *pb.Policy) { m.ExpiresAt -= 1000 }},
	{"fewer bytes", func(m *pb.Policy) { m.Budgets = &pb.Budgets{BytesPerDay: 1} }},
	{"fewer classes, in another order", func(m *pb.Policy) { m.Classes = []pb.DataClass{4, 1} }},
	{"no classes", func(m *pb.Policy) { m.Classes = nil }},
	{"an application fewer", func(m *pb.Policy) { m.Applications = m.Applications[min(1, len(m.Applications)):] }},
	{"no application", func(m *pb.Policy) { m.Applications = nil }},
	{"an executable fewer", func(m *pb.Policy) {
		for _, a := range m.Applications {
			a.Executables = a.Executables[:1]
		}
	}},
	{"titles where any was allowed", func(m *pb.Policy) {
		for _, a := range m.Applications {
			if len(a.TitlePatterns) == 0 {
				a.TitlePatterns = []string{"Work"}
			}
		}
	}},
	{"a title pattern fewer", func(m *pb.Policy) {
		for _, a := range m.Applications {
			a.TitlePatterns = a.TitlePatterns[:min(1, len(a.TitlePatterns))]
		}
	}},
	{"shorter hours", func(m *pb.Policy) {
		m.Hours = []*pb.Hours{{Weekdays: []uint32{1, 3}, StartSecond: 10 * 3600, EndSecond: 11 * 3600}}
	}},
	{"no hours", func(m *pb.Policy) { m.Hours = nil }},
	{"more redaction", func(m *pb.Policy) {
		m.Redaction = &pb.Redaction{Patterns: []string{"X", "P-[0-9]+", "Q-[0-9]+"}, Terms: []string{"Falcon", "Nightingale", "Robin"}}
	}},
	{"more exclusions", func(m *pb.Policy) {
		m.Exclusions = []*pb.Exclusion{{Name: "Mail", Executable: "mail"}, {Name: "Chat", WmClass: "Slack"}, {Name: "Bank", TitlePattern: "bank"}}
	}},
}

func TestNarrowerAccepts(t *testing.T) {
	prev := parsed(t, sample())
	for _, tt := range narrowings {
		t.Run(tt.name, func(t *testing.T) {
			m := sample()
			tt.narrow(m)
			if err := Narrower(parsed(t, m), prev); err != nil {
				t.Error(err)
			}
		})
	}
	// One span over two that touched is the same hours.
	split, whole := sample(), sample()
	split.Hours = []*pb.Hours{{Weekdays: []uint32{1}, StartSecond: 0, EndSecond: 60}, {Weekdays: []uint32{1}, StartSecond: 60, EndSecond: 120}}
	whole.Hours = []*pb.Hours{{Weekdays: []uint32{1}, StartSecond: 0, EndSecond: 120}}
	if err := Narrower(parsed(t, whole), parsed(t, split)); err != nil {
		t.Error(err)
	}
	// What prev lacks may be added where it denies.
	none := sample()
	none.Redaction, none.Exclusions, none.Budgets = nil, nil, nil
	if err := Narrower(prev, parsed(t, none)); err != nil {
		t.Error(err)
	}
}

func TestNarrowerOfNothing(t *testing.T) {
	p := parsed(t, sample())
	for _, pair := range [][2]Policy{{p, {}}, {{}, p}, {{}, {}}} {
		sentence(t, Narrower(pair[0], pair[1]), "missing")
	}
}

// A field that is added to the format one day must be wider until it gets a rule: every field of the message but the two
// that Newer judges and those with an order of their own is refused when it merely disappears or differs.
func TestNarrowerKnowsEveryField(t *testing.T) {
	mayVanish := []protoreflect.Name{"version", "issued_at", "expires_at", "retention_days", "applications", "classes", "hours"}
	fields := new(pb.Policy).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		m := sample()
		m.ProtoReflect().Clear(fd)
		narrower := true
		for _, rule := range []func(n, p *pb.Policy) string{
			sameTexts, notLonger, fewerClasses, fewerHours, fewerApplications, moreRedaction, moreExclusions, sameRest,
		} {
			narrower = narrower && rule(m, sample()) == ""
		}
		if narrower != slices.Contains(mayVanish, fd.Name()) {
			t.Errorf("without %s: narrower is %v", fd.Name(), narrower)
		}
	}
}

// A policy that says the same in other words of the encoding is the same.
func TestSameRestSeesThroughEmptyMessages(t *testing.T) {
	a, b := sample(), sample()
	a.Budgets, b.Budgets = &pb.Budgets{}, nil
	a.Redaction, b.Redaction = &pb.Redaction{}, nil
	if what := sameRest(a, b); what != "" {
		t.Error(what)
	}
	c := proto.CloneOf(b)
	c.Jurisdiction = "x"
	if sameRest(c, b) == "" {
		t.Error("a change of jurisdiction was not seen")
	}
}
