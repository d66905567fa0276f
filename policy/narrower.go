package policy

import (
	"slices"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// Narrower tells whether next asks for nothing that prev did not ask for. It compares structure, never meaning: allow
// lists may lose literal entries and deny lists may gain them, in the order in which they stood; numbers may not grow;
// every other difference, also of a field that is added to the format one day, is wider. The version and the time of
// issue may differ: they are Newer's business. The error wraps ErrWider and names the first thing that widened.
func Narrower(next, prev Policy) error {
	if next.IsZero() || prev.IsZero() {
		return ErrInvalid{"policy", "the policy", "is missing; there is nothing to compare"}
	}
	n, p := next.message, prev.message
	for _, rule := range []func(n, p *pb.Policy) string{
		sameTexts, notLonger, fewerClasses, fewerHours, fewerApplications, moreRedaction, moreExclusions, sameRest,
	} {
		if what := rule(n, p); what != "" {
			return refuse(ErrWider, "policy: version %d is wider than version %d: %s; nothing is recorded until the person decides",
				n.GetVersion(), p.GetVersion(), what)
		}
	}
	return nil
}

// sameTexts are the promises that must not change at all. Their names are for people; sameRest would find them, too.
func sameTexts(n, p *pb.Policy) string {
	switch {
	case !proto.Equal(n.GetController(), p.GetController()):
		return "the controller changed"
	case !proto.Equal(n.GetPurpose(), p.GetPurpose()):
		return "the purpose changed"
	case n.GetLegalBasis() != p.GetLegalBasis():
		return "the legal basis changed"
	case !proto.Equal(n.GetAfterExport(), p.GetAfterExport()):
		return "what happens after export changed"
	case !slices.EqualFunc(n.GetCustodians(), p.GetCustodians(), equal):
		return "the custodians changed"
	}
	return ""
}

func notLonger(n, p *pb.Policy) string {
	switch {
	case n.GetRetentionDays() > p.GetRetentionDays():
		return "it keeps data for longer"
	case n.GetExpiresAt() > p.GetExpiresAt():
		return "it ends later, at " + time.Unix(n.GetExpiresAt(), 0).UTC().Format(time.RFC3339)
	case bytesPerDay(n) > bytesPerDay(p):
		return "it uploads more bytes a day"
	}
	return ""
}

func fewerClasses(n, p *pb.Policy) string {
	if gained := classesOf(n.GetClasses()) &^ classesOf(p.GetClasses()); gained != 0 {
		return "it gained the class " + gained.String()
	}
	return ""
}

func fewerHours(n, p *pb.Policy) string {
	if !newWeek(n.GetHours()).within(newWeek(p.GetHours())) {
		return "it gained hours"
	}
	return ""
}

// fewerApplications takes next's applications for a part of prev's in the same order: the first that matches a window
// names it, so a new order could give a window another name.
func fewerApplications(n, p *pb.Policy) string {
	left := p.GetApplications()
	for _, a := range n.GetApplications() {
		i := slices.IndexFunc(left, func(b *pb.Application) bool { return b.GetId() == a.GetId() })
		if i < 0 {
			return "it gained the application " + a.GetId() + " or moved it"
		}
		if what := narrowerApplication(a, left[i]); what != "" {
			return "application " + a.GetId() + " " + what
		}
		left = left[i+1:]
	}
	return ""
}

func narrowerApplication(n, p *pb.Application) string {
	if !subset(n.GetExecutables(), p.GetExecutables()) {
		return "gained an executable"
	}
	if anyBefore := len(p.GetTitlePatterns()) == 0; !anyBefore {
		if len(n.GetTitlePatterns()) == 0 {
			return "lost its title patterns: now any title matches"
		}
		if !subset(n.GetTitlePatterns(), p.GetTitlePatterns()) {
			return "gained a title pattern"
		}
	}
	rest := proto.CloneOf(n)
	rest.Executables, rest.TitlePatterns = p.GetExecutables(), p.GetTitlePatterns()
	if !proto.Equal(rest, p) {
		return "changed its name or class"
	}
	return ""
}

func moreRedaction(n, p *pb.Policy) string {
	switch {
	case !subset(p.GetRedaction().GetPatterns(), n.GetRedaction().GetPatterns()):
		return "it lost a redaction pattern"
	case !subset(p.GetRedaction().GetTerms(), n.GetRedaction().GetTerms()):
		return "it lost a redaction term"
	}
	return ""
}

func moreExclusions(n, p *pb.Policy) string {
	for _, x := range p.GetExclusions() {
		if !slices.ContainsFunc(n.GetExclusions(), func(y *pb.Exclusion) bool { return equal(x, y) }) {
			return "it lost an exclusion"
		}
	}
	return ""
}

// sameRest takes everything that a rule above has judged from prev; what still differs has no rule and is wider.
func sameRest(n, p *pb.Policy) string {
	rest := proto.CloneOf(n)
	rest.Version, rest.IssuedAt = p.GetVersion(), p.GetIssuedAt()
	rest.RetentionDays, rest.ExpiresAt = p.GetRetentionDays(), p.GetExpiresAt()
	rest.Classes, rest.Hours, rest.Applications = p.GetClasses(), p.GetHours(), p.GetApplications()
	rest.Exclusions, rest.Budgets = p.GetExclusions(), mergeBudgets(n, p)
	rest.Redaction = mergeRedaction(n, p)
	if proto.Equal(rest, p) {
		return ""
	}
	return "something changed that may only change with the person's consent: compensation, refusal, authority, language or jurisdiction"
}

// mergeBudgets takes the judged number from prev and keeps the rest of next's message. A missing message is like an
// empty one.
func mergeBudgets(n, p *pb.Policy) *pb.Budgets {
	m := &pb.Budgets{}
	proto.Merge(m, n.GetBudgets())
	m.BytesPerDay = p.GetBudgets().GetBytesPerDay()
	if p.GetBudgets() == nil && proto.Size(m) == 0 {
		return nil
	}
	return m
}

// mergeRedaction is mergeBudgets for the redaction rules.
func mergeRedaction(n, p *pb.Policy) *pb.Redaction {
	m := &pb.Redaction{}
	proto.Merge(m, n.GetRedaction())
	m.Patterns, m.Terms = p.GetRedaction().GetPatterns(), p.GetRedaction().GetTerms()
	if p.GetRedaction() == nil && proto.Size(m) == 0 {
		return nil
	}
	return m
}

func equal[M proto.Message](a, b M) bool { return proto.Equal(a, b) }

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}
