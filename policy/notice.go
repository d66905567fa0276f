package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/pb"
)

// Notice says in plain language what p asks for; a consent carries it word for word. It refuses if anything that the
// person must be told is empty. The same policy always gives the same text.
func Notice(p Policy) (string, error) {
	if p.IsZero() {
		return "", ErrInvalid{"policy", "the policy", "is missing; fetch it from the operator"}
	}
	return notice(p.message)
}

func notice(m *pb.Policy) (string, error) {
	for _, check := range []func(*pb.Policy) error{checkTimes, checkTexts, checkCustodians} {
		if err := check(m); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s asks to record parts of your work on this computer.\n", m.GetController().GetName())
	b.WriteString("Nothing is recorded unless you say yes. You can say no, pause or stop at any time, without a reason.\n")
	writeWhy(&b, m)
	writeWhat(&b, m)
	writeNever(&b, m)
	writeAfter(&b, m)
	writeRights(&b, m)
	return b.String(), nil
}

func section(b *strings.Builder, title string) { fmt.Fprintf(b, "\n%s\n", strings.ToUpper(title)) }

func line(b *strings.Builder, label, text string) { fmt.Fprintf(b, "  %s: %s\n", label, text) }

func writeWhy(b *strings.Builder, m *pb.Policy) {
	section(b, "Who and why")
	line(b, "Responsible", m.GetController().GetName()+", "+m.GetController().GetAddress())
	line(b, "Contact", m.GetController().GetContact())
	line(b, "Purpose", fmt.Sprintf("%s (%s)", m.GetPurpose().GetText(), m.GetPurpose().GetId()))
	line(b, "Legal basis", m.GetLegalBasis())
	line(b, "Jurisdiction", m.GetJurisdiction())
	line(b, "What you get", m.GetCompensation())
	line(b, "If you say no", m.GetRefusal())
}

func writeWhat(b *strings.Builder, m *pb.Policy) {
	section(b, "What is asked for")
	if len(m.GetApplications()) == 0 {
		b.WriteString("  No application.\n")
	}
	for _, a := range m.GetApplications() {
		line(b, "Application", a.GetName()+", "+titlesInWords(a.GetTitlePatterns()))
	}
	for _, c := range m.GetClasses() {
		line(b, "Kind of data", classInWords(Class(c)))
	}
	if len(m.GetHours()) == 0 {
		b.WriteString("  At no hour.\n")
	}
	for _, h := range m.GetHours() {
		line(b, "Hours", hoursInWords(h))
	}
	line(b, "Until", time.Unix(m.GetExpiresAt(), 0).UTC().Format("2 January 2006, 15:04 UTC"))
	b.WriteString("You choose which of these. Typed text is off for every application until you switch it on there.\n")
}

func titlesInWords(patterns []string) string {
	if len(patterns) == 0 {
		return "any of its windows"
	}
	return "windows whose whole title matches " + strings.Join(patterns, " or ")
}

func classInWords(c Class) string {
	switch c {
	case Pointer:
		return "clicks, drags and scrolling, with their place in the window"
	case Hotkeys:
		return "names of key combinations such as ctrl+s"
	case Text:
		return "typed text, after secrets and personal numbers were replaced on this computer"
	case Frames:
		return "pictures of the window, with all text in them masked on this computer"
	default:
		return "kind and name of the button or field under the pointer"
	}
}

// hoursInWords writes "Mon, Tue 09:00-17:00".
func hoursInWords(h *pb.Hours) string {
	names := make([]string, len(h.GetWeekdays()))
	for i, d := range h.GetWeekdays() {
		names[i] = time.Weekday(d).String()[:3]
	}
	return fmt.Sprintf("%s %s-%s", strings.Join(names, ", "), clock(h.GetStartSecond()), clock(h.GetEndSecond()))
}

func clock(s uint32) string {
	text := fmt.Sprintf("%02d:%02d", s/3600, s/60%60)
	if s%60 != 0 {
		text += fmt.Sprintf(":%02d", s%60)
	}
	return text
}

func writeNever(b *strings.Builder, m *pb.Policy) {
	section(b, "What is never recorded")
	b.WriteString("  Password managers, private browsing, lock screens, password prompts and fields, this program's own windows,\n" +
		"  and every window, application and hour that you did not choose.\n")
	for _, x := range m.GetExclusions() {
		line(b, "Also never", x.GetName())
	}
}

func writeAfter(b *strings.Builder, m *pb.Policy) {
	section(b, "What happens then")
	line(b, "Kept for", fmt.Sprintf("%d days, sealed; the computer that collects it cannot read it", m.GetRetentionDays()))
	for _, c := range m.GetCustodians() {
		line(b, "Can open it, only all of them together", c.GetName())
	}
	labelled := m.GetAfterExport().GetLabelledBy()
	if labelled == "" {
		labelled = "nobody"
	}
	line(b, "Labelled by", labelled)
	line(b, "Looked at by people", m.GetAfterExport().GetHumanReview())
	line(b, "Publication", m.GetAfterExport().GetPublication())
	line(b, "Sent at most", fmt.Sprintf("%.1f MB a day", float64(bytesPerDay(m))/1e6))
}

func writeRights(b *strings.Builder, m *pb.Policy) {
	section(b, "Your rights")
	b.WriteString("  See everything that was recorded, delete any of it, pause for any time, take it with you, withdraw: all with\n" +
		"  the command `byleave`, without asking anybody. What was already used for training cannot be taken back.\n")
	line(b, "Complain to", m.GetAuthority())
	fmt.Fprintf(b, "\nPolicy version %d, language %s.\n", m.GetVersion(), m.GetLanguage())
}
