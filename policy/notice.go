package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/pb"
)

// Section is one part of a notice: a heading and what stands under it.
type Section struct {
	Title string
	Lines []Line
}

// Line is one sentence of a notice, or one fact with its label.
type Line struct{ Label, Text string }

// Notice says in plain language what p asks for; a consent carries it word for word. It refuses if anything that the
// person must be told is empty. The same policy always gives the same text.
func Notice(p Policy) (string, error) {
	if p.IsZero() {
		return "", ErrInvalid{"policy", "the policy", "is missing; fetch it from the operator"}
	}
	return notice(p.message)
}

// Sections is the same notice in its parts, for a page: the same words in the same order, nothing more and nothing less.
func Sections(p Policy) ([]Section, error) {
	if p.IsZero() {
		return nil, ErrInvalid{"policy", "the policy", "is missing; fetch it from the operator"}
	}
	return sections(p.message)
}

// notice is the only place that makes text of sections, so that a page and a consent cannot say two things.
func notice(m *pb.Policy) (string, error) {
	parts, err := sections(m)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range parts {
		if s.Title != "" {
			fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(s.Title))
		}
		for _, l := range s.Lines {
			switch {
			case s.Title == "":
				fmt.Fprintln(&b, l.Text)
			case l.Label == "":
				fmt.Fprintf(&b, "  %s\n", l.Text)
			default:
				fmt.Fprintf(&b, "  %s: %s\n", l.Label, l.Text)
			}
		}
	}
	return b.String(), nil
}

func sections(m *pb.Policy) ([]Section, error) {
	for _, check := range []func(*pb.Policy) error{checkTimes, checkTexts, checkCustodians} {
		if err := check(m); err != nil {
			return nil, err
		}
	}
	return []Section{
		{"", []Line{
			{"", m.GetController().GetName() + " asks to record parts of your work on this computer."},
			{"", "Nothing is recorded unless you say yes. You can say no, pause or stop at any time, without a reason."},
		}},
		{"Who and why", tellWhy(m)},
		{"What is asked for", tellWhat(m)},
		{"What is never recorded", tellNever(m)},
		{"What happens then", tellAfter(m)},
		{"What you get, and if you say no", tellTerms(m)},
		{"Your rights", tellRights(m)},
	}, nil
}

func tellWhy(m *pb.Policy) []Line {
	return []Line{
		{"Responsible", m.GetController().GetName() + ", " + m.GetController().GetAddress()},
		{"Contact", m.GetController().GetContact()},
		{"Purpose", fmt.Sprintf("%s (%s)", m.GetPurpose().GetText(), m.GetPurpose().GetId())},
		{"Legal basis", m.GetLegalBasis()},
		{"Jurisdiction", m.GetJurisdiction()},
	}
}

func tellWhat(m *pb.Policy) []Line {
	var out []Line
	if len(m.GetApplications()) == 0 {
		out = append(out, Line{"", "No application."})
	}
	for _, a := range m.GetApplications() {
		out = append(out, Line{"Application", a.GetName() + ", " + titlesInWords(a.GetTitlePatterns())}, Line{"Which program", programsInWords(a)})
	}
	for _, c := range m.GetClasses() {
		out = append(out, Line{"Kind of data", Class(c).InWords()})
	}
	if len(m.GetHours()) == 0 {
		out = append(out, Line{"", "At no hour."})
	}
	for _, h := range m.GetHours() {
		out = append(out, Line{"Hours", HoursInWords(h)})
	}
	return append(out,
		Line{"Until", time.Unix(m.GetExpiresAt(), 0).UTC().Format("2 January 2006, 15:04 UTC")},
		Line{"", "You choose which of these. Typed text is off for every application until you switch it on there."})
}

// programsInWords says what decides which windows an application has: its name is whatever the author of the policy calls it.
func programsInWords(a *pb.Application) string {
	return strings.Join(a.GetExecutables(), " or ") + ", windows of the class " + a.GetWmClass()
}

func titlesInWords(patterns []string) string {
	if len(patterns) == 0 {
		return "any of its windows"
	}
	return "windows whose whole title matches " + strings.Join(patterns, " or ")
}

// InWords says what data of the class is, in a few words for a person.
func (c Class) InWords() string {
	switch c {
	case Pointer:
		return "clicks, drags and scrolling, with their place in the window"
	case Hotkeys:
		return "names of key combinations such as ctrl+s"
	case Text:
		return "typed text, after secrets and personal numbers were replaced on this computer"
	case Frames:
		return "pictures of the window, with all text, photographs and faces in them masked on this computer"
	case Labels:
		return "in those pictures, words that every program has on its menus and buttons, shown again"
	case Lines:
		return "in those pictures, lines of text in which this computer found nothing personal, shown again; what you typed only where you switch typed text on"
	default:
		return "kind and name of the button or field under the pointer"
	}
}

// HoursInWords writes "Mon, Tue 09:00-17:00", or "every day, all day".
func HoursInWords(h *pb.Hours) string {
	names, week := make([]string, len(h.GetWeekdays())), 0
	for i, d := range h.GetWeekdays() {
		names[i] = time.Weekday(d).String()[:3]
		week |= 1 << d
	}
	days := strings.Join(names, ", ")
	if week == 1<<7-1 {
		days = "every day"
	}
	if h.GetStartSecond() == 0 && h.GetEndSecond() == day {
		return days + ", all day"
	}
	return fmt.Sprintf("%s %s-%s", days, clock(h.GetStartSecond()), clock(h.GetEndSecond()))
}

func clock(s uint32) string {
	text := fmt.Sprintf("%02d:%02d", s/3600, s/60%60)
	if s%60 != 0 {
		text += fmt.Sprintf(":%02d", s%60)
	}
	return text
}

func tellNever(m *pb.Policy) []Line {
	out := []Line{
		{"", "Password managers, private browsing, lock screens, password prompts and fields, this program's own windows."},
		{"", "Every window, application and hour that you did not choose."},
	}
	for _, x := range m.GetExclusions() {
		out = append(out, Line{"Also never", x.GetName()})
	}
	return out
}

func tellAfter(m *pb.Policy) []Line {
	out := []Line{{"Kept for", Count(int(m.GetRetentionDays()), "day") + ", sealed; the computer that collects it cannot read it"}}
	for _, c := range m.GetCustodians() {
		out = append(out, Line{"Can open it, only all of them together", c.GetName()})
	}
	labelled := m.GetAfterExport().GetLabelledBy()
	if labelled == "" {
		labelled = "nobody"
	}
	return append(out,
		Line{"Labelled by", labelled},
		Line{"Looked at by people", m.GetAfterExport().GetHumanReview()},
		Line{"Publication", m.GetAfterExport().GetPublication()},
		Line{"Sent at most", fmt.Sprintf("%.1f MB a day", float64(bytesPerDay(m))/1e6)})
}

// tellTerms stands apart so that nobody has to look for the price of a no.
func tellTerms(m *pb.Policy) []Line {
	return []Line{
		{"What you get", m.GetCompensation()},
		{"", "Never by the frame, click or minute: pausing, deleting or choosing less changes nothing about it."},
		{"If you say no", m.GetRefusal()},
	}
}

func tellRights(m *pb.Policy) []Line {
	return []Line{
		{"", "See everything that was recorded, delete any of it, pause for any time, take it with you, withdraw: all with " +
			"the command byleave, without asking anybody. What was already used for training cannot be taken back."},
		{"Complain to", m.GetAuthority()},
		{"", fmt.Sprintf("Policy version %d, language %s.", m.GetVersion(), m.GetLanguage())},
	}
}
