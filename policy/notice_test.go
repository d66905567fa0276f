package policy

import (
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Whatever a policy asks for stands in its notice.
func TestNoticeSaysEverything(t *testing.T) {
	text, err := Notice(parsed(t, sample()))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Example Labs", "Street 1, Vienna", "privacy@example.org", "Train a model. (training)", "consent, GDPR art. 6(1)(a)", "90 days",
		"Model House", "two people", "Publication: never", "40 EUR a month", "If you say no: nothing", "dsb.gv.at", "Works council", "Data lead",
		"Editor, any of its windows", "Files, windows whose whole title matches Work or Home .*", "clicks", "key combinations", "typed text", "pictures of the window, with all text, photographs and faces in them masked", "button or field",
		"words that every program has on its menus and buttons, shown again", "lines of text in which this computer found nothing personal, shown again",
		"Mon, Tue, Wed, Thu, Fri 09:00-12:00", "Mon, Wed 13:00-17:00", "10.5 MB a day", "Also never: Bank", "Also never: Chat", "Policy version 3", "Austria",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the notice lacks %q", want)
		}
	}
}

// TestHoursAreSaidInWords: the whole week and the whole day are called so, and nothing less is.
func TestHoursAreSaidInWords(t *testing.T) {
	for want, h := range map[string]*pb.Hours{
		"every day, all day":                          {Weekdays: []uint32{0, 1, 2, 3, 4, 5, 6}, EndSecond: 86400},
		"every day 09:00-17:30":                       {Weekdays: []uint32{6, 5, 4, 3, 2, 1, 0}, StartSecond: 32400, EndSecond: 63000},
		"Sat, Sun, all day":                           {Weekdays: []uint32{6, 0}, EndSecond: 86400},
		"Mon, Mon, Mon, Mon, Mon, Mon, Mon, all day":  {Weekdays: []uint32{1, 1, 1, 1, 1, 1, 1}, EndSecond: 86400},
		"Mon, Tue, Wed, Thu, Fri, Sat 00:00-23:59:59": {Weekdays: []uint32{1, 2, 3, 4, 5, 6}, EndSecond: 86399},
		"Mon 00:01-24:00":                             {Weekdays: []uint32{1}, StartSecond: 60, EndSecond: 86400},
	} {
		if got := HoursInWords(h); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestNoticeNamesThePrograms: an author may call a mail program "Text editor". What a yes opens stands in the notice, whatever it is
// called, and in the difference to what was agreed to before.
func TestNoticeNamesThePrograms(t *testing.T) {
	m := sample()
	m.Applications[0].Name, m.Applications[0].WmClass, m.Applications[0].Executables = "Text editor", "Evolution", []string{"/usr/bin/evolution", "/opt/mail/evolution"}
	text, err := Notice(parsed(t, m))
	if err != nil {
		t.Fatal(err)
	}
	before := sample()
	before.Version, before.Applications = 2, before.Applications[1:]
	changes := Sentence(Diff(parsed(t, m), parsed(t, before)))
	for _, want := range []string{"/usr/bin/evolution", "/opt/mail/evolution", "Evolution"} {
		if !strings.Contains(text, want) {
			t.Errorf("the notice calls it a text editor and does not say %s:\n%s", want, text)
		}
		if !strings.Contains(changes, want) {
			t.Errorf("the difference does not say %s: %s", want, changes)
		}
	}
	if strings.Count(text, "Which program") != len(m.Applications) {
		t.Errorf("not each application has its program:\n%s", text)
	}
}

// Each mandatory field, emptied, one at a time, wherever it is nested.
func TestNoticeRefusesEmptyMandatoryField(t *testing.T) {
	for _, f := range mandatory(sample()) {
		m := sample()
		at := m.ProtoReflect()
		parts := strings.Split(f[0], ".")
		for _, name := range parts[:len(parts)-1] {
			at = at.Get(at.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
		}
		at.Clear(at.Descriptor().Fields().ByName(protoreflect.Name(parts[len(parts)-1])))
		text, err := notice(m)
		if text != "" {
			t.Errorf("without %s there is a notice", f[0])
		}
		sentence(t, err, "policy: "+f[0]+" is empty")
	}
	for name, spoil := range map[string]func(*pb.Policy){
		"retention_days": func(m *pb.Policy) { m.RetentionDays = 0 }, "custodians": func(m *pb.Policy) { m.Custodians = nil },
	} {
		m := sample()
		spoil(m)
		_, err := notice(m)
		sentence(t, err, name)
	}
	_, err := Notice(Policy{})
	sentence(t, err, "missing")
}

func TestNoticeOfNothing(t *testing.T) {
	m := sample()
	m.Applications, m.Hours, m.AfterExport.LabelledBy = nil, nil, ""
	text, err := Notice(parsed(t, m))
	if err != nil || !strings.Contains(text, "No application.") || !strings.Contains(text, "At no hour.") || !strings.Contains(text, "Labelled by: nobody") {
		t.Errorf("%v: %s", err, text)
	}
}
