package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// Change is one difference between two policies, in words for a person. Wider tells that it asks for more, or for something
// else, than before: that may never apply by itself.
type Change struct {
	Words string
	Wider bool
}

// Diff says in words how next differs from prev. It and Narrower never disagree: some change is wider if and only if Narrower
// refuses. The version and the time of issue are no change.
func Diff(next, prev Policy) []Change {
	if next.IsZero() || prev.IsZero() {
		return nil
	}
	n, p := next.message, prev.message
	var d diff
	d.promises(n, p)
	d.amounts(n, p)
	d.classes(n, p)
	d.hours(n, p)
	d.applications(n, p)
	d.rules(n, p)
	d.rest(n, p)
	return d
}

// Wider are the changes that ask for more.
func Wider(changes []Change) []Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return !c.Wider })
}

// Sentence joins changes to one sentence, each with its words.
func Sentence(changes []Change) string {
	words := make([]string, len(changes))
	for i, c := range changes {
		words[i] = c.Words
	}
	return strings.Join(words, "; ")
}

type diff []Change

func (d *diff) wider(format string, args ...any) {
	*d = append(*d, Change{fmt.Sprintf(format, args...), true})
}

func (d *diff) less(format string, args ...any) {
	*d = append(*d, Change{fmt.Sprintf(format, args...), false})
}

// promises are texts: whatever they say now, the person read something else.
func (d *diff) promises(n, p *pb.Policy) {
	for _, f := range []struct{ what, now, before string }{
		{"Responsible", partyInWords(n.GetController()), partyInWords(p.GetController())},
		{"The purpose", n.GetPurpose().GetText() + " (" + n.GetPurpose().GetId() + ")", p.GetPurpose().GetText() + " (" + p.GetPurpose().GetId() + ")"},
		{"The legal basis", n.GetLegalBasis(), p.GetLegalBasis()},
		{"Labelled by", orNobody(n.GetAfterExport().GetLabelledBy()), orNobody(p.GetAfterExport().GetLabelledBy())},
		{"Looked at by people", n.GetAfterExport().GetHumanReview(), p.GetAfterExport().GetHumanReview()},
		{"Publication", n.GetAfterExport().GetPublication(), p.GetAfterExport().GetPublication()},
		{"What you get", n.GetCompensation(), p.GetCompensation()},
		{"If you say no", n.GetRefusal(), p.GetRefusal()},
		{"Where to complain", n.GetAuthority(), p.GetAuthority()},
		{"The language", n.GetLanguage(), p.GetLanguage()},
		{"The jurisdiction", n.GetJurisdiction(), p.GetJurisdiction()},
		{"Who can open it", custodiansInWords(n), custodiansInWords(p)},
	} {
		if f.now != f.before {
			d.wider("%s: now “%s”, before “%s”", f.what, f.now, f.before)
		}
	}
	if custodiansInWords(n) == custodiansInWords(p) && !slices.EqualFunc(n.GetCustodians(), p.GetCustodians(), equal) {
		d.wider("Who can open it: the same names with other keys")
	}
}

func partyInWords(p *pb.Party) string {
	return strings.Join([]string{p.GetName(), p.GetAddress(), p.GetContact()}, ", ")
}

func custodiansInWords(m *pb.Policy) string {
	var names []string
	for _, c := range m.GetCustodians() {
		names = append(names, c.GetName())
	}
	return strings.Join(names, ", ")
}

func orNobody(s string) string {
	if s == "" {
		return "nobody"
	}
	return s
}

func (d *diff) amounts(n, p *pb.Policy) {
	count := func(more bool, format string, args ...any) {
		*d = append(*d, Change{fmt.Sprintf(format, args...), more})
	}
	if a, b := n.GetRetentionDays(), p.GetRetentionDays(); a != b {
		count(a > b, "Kept for %s, before %d", Count(int(a), "day"), b)
	}
	if a, b := n.GetExpiresAt(), p.GetExpiresAt(); a != b {
		count(a > b, "It may go on until %s, before %s", instantInWords(a), instantInWords(b))
	}
	if a, b := bytesPerDay(n), bytesPerDay(p); a != b {
		count(a > b, "Sent at most %.1f MB a day, before %.1f", float64(a)/1e6, float64(b)/1e6)
	}
}

func instantInWords(s int64) string { return time.Unix(s, 0).UTC().Format("2 January 2006, 15:04 UTC") }

func (d *diff) classes(n, p *pb.Policy) {
	now, before := classesOf(n.GetClasses()), classesOf(p.GetClasses())
	for _, c := range AllClasses() {
		switch {
		case now.Has(c) && !before.Has(c):
			d.wider("New kind of data: %s", c.InWords())
		case before.Has(c) && !now.Has(c):
			d.less("No longer asked for: %s", c.InWords())
		}
	}
}

func (d *diff) hours(n, p *pb.Policy) {
	now, before := newWeek(n.GetHours()), newWeek(p.GetHours())
	switch {
	case !now.within(before):
		d.wider("New hours: now %s, before %s", weekInWords(n.GetHours()), weekInWords(p.GetHours()))
	case !before.within(now):
		d.less("Fewer hours: now %s, before %s", weekInWords(n.GetHours()), weekInWords(p.GetHours()))
	}
}

func weekInWords(list []*pb.Hours) string {
	if len(list) == 0 {
		return "none"
	}
	parts := make([]string, len(list))
	for i, h := range list {
		parts[i] = HoursInWords(h)
	}
	return strings.Join(parts, " and ")
}

func (d *diff) applications(n, p *pb.Policy) {
	find := func(list []*pb.Application, id string) *pb.Application {
		i := slices.IndexFunc(list, func(a *pb.Application) bool { return a.GetId() == id })
		if i < 0 {
			return nil
		}
		return list[i]
	}
	for _, a := range n.GetApplications() {
		switch b := find(p.GetApplications(), a.GetId()); {
		case b == nil:
			d.wider("New application: %s (%s)", a.GetName(), programsInWords(a))
		case !proto.Equal(a, b):
			d.application(a, b)
		}
	}
	for _, b := range p.GetApplications() {
		if find(n.GetApplications(), b.GetId()) == nil {
			d.less("No longer asked for: %s", b.GetName())
		}
	}
	if moved(n.GetApplications(), p.GetApplications()) {
		d.wider("The applications stand in another order, which can change which of two a window belongs to")
	}
}

// moved tells whether the applications that are in both stand in another order.
func moved(n, p []*pb.Application) bool {
	order := func(list, other []*pb.Application) (ids []string) {
		for _, a := range list {
			if slices.ContainsFunc(other, func(b *pb.Application) bool { return a.GetId() == b.GetId() }) {
				ids = append(ids, a.GetId())
			}
		}
		return ids
	}
	return !slices.Equal(order(n, p), order(p, n))
}

func (d *diff) application(a, b *pb.Application) {
	switch what := narrowerApplication(a, b); {
	case what == "" && subset(b.GetExecutables(), a.GetExecutables()) && len(a.GetTitlePatterns()) == len(b.GetTitlePatterns()):
		// the same programs and titles, listed in another order
	case what == "":
		d.less("%s: fewer of its programs or windows, now %s (%s)", a.GetName(), titlesInWords(a.GetTitlePatterns()), strings.Join(a.GetExecutables(), ", "))
	default:
		d.wider("%s %s: now %s, %s (%s); before %s, %s (%s)", b.GetName(), what,
			a.GetName(), titlesInWords(a.GetTitlePatterns()), strings.Join(a.GetExecutables(), ", "),
			b.GetName(), titlesInWords(b.GetTitlePatterns()), strings.Join(b.GetExecutables(), ", "))
	}
}

// rules are what is masked and what is never recorded: here more is narrower.
func (d *diff) rules(n, p *pb.Policy) {
	gained, lost := sides(n.GetRedaction().GetPatterns(), p.GetRedaction().GetPatterns())
	g, l := sides(n.GetRedaction().GetTerms(), p.GetRedaction().GetTerms())
	gained, lost = append(gained, g...), append(lost, l...)
	for _, r := range lost {
		d.wider("No longer replaced in texts: %s", r)
	}
	for _, r := range gained {
		d.less("Also replaced in texts: %s", r)
	}
	for _, x := range p.GetExclusions() {
		if !slices.ContainsFunc(n.GetExclusions(), func(y *pb.Exclusion) bool { return equal(x, y) }) {
			d.wider("No longer excluded as it was: %s", x.GetName())
		}
	}
	for _, y := range n.GetExclusions() {
		if !slices.ContainsFunc(p.GetExclusions(), func(x *pb.Exclusion) bool { return equal(x, y) }) {
			d.less("Also never recorded: %s", y.GetName())
		}
	}
}

// rest finds what none of the above knows: a field that is added to the format one day must not pass unsaid.
func (d *diff) rest(n, p *pb.Policy) {
	rest := proto.CloneOf(n)
	rest.Version, rest.IssuedAt, rest.ExpiresAt, rest.RetentionDays = p.GetVersion(), p.GetIssuedAt(), p.GetExpiresAt(), p.GetRetentionDays()
	rest.LegalBasis, rest.Compensation, rest.Refusal, rest.Authority = p.GetLegalBasis(), p.GetCompensation(), p.GetRefusal(), p.GetAuthority()
	rest.Language, rest.Jurisdiction = p.GetLanguage(), p.GetJurisdiction()
	rest.Custodians, rest.Applications, rest.Exclusions = p.GetCustodians(), p.GetApplications(), p.GetExclusions()
	rest.Classes, rest.Hours = p.GetClasses(), p.GetHours()
	if c := rest.GetController(); c != nil {
		c.Name, c.Address, c.Contact = p.GetController().GetName(), p.GetController().GetAddress(), p.GetController().GetContact()
	}
	if u := rest.GetPurpose(); u != nil {
		u.Id, u.Text = p.GetPurpose().GetId(), p.GetPurpose().GetText()
	}
	if a := rest.GetAfterExport(); a != nil {
		a.LabelledBy, a.HumanReview = p.GetAfterExport().GetLabelledBy(), p.GetAfterExport().GetHumanReview()
		a.Publication = p.GetAfterExport().GetPublication()
	}
	rest.Budgets, rest.Redaction = mergeBudgets(n, p), mergeRedaction(n, p)
	if !proto.Equal(rest, p) {
		d.wider("Something else changed that this version of the program cannot name")
	}
}

// sides lists what is only in now, and what is only in before.
func sides(now, before []string) (gained, lost []string) {
	for _, s := range now {
		if !slices.Contains(before, s) {
			gained = append(gained, s)
		}
	}
	for _, s := range before {
		if !slices.Contains(now, s) {
			lost = append(lost, s)
		}
	}
	return gained, lost
}
