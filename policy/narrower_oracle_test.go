package policy

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// The oracle says in plain words what a policy allows, without a line of this package: no week, no matcher, no Classes, no Rules.

// captures tells whether p lets data of class c be recorded in w at wall. Under which application is not asked: where two versions of a
// policy name a window differently, Match agrees to neither (TestNarrowerNeverWidens).
func captures(p *pb.Policy, w Window, wall time.Time, c pb.DataClass) bool {
	if wall.Unix() >= p.GetExpiresAt() || !asksFor(p, c) || !oracleHours(p, wall) || oracleExcludes(p, w) {
		return false
	}
	for _, a := range p.GetApplications() {
		if a.GetWmClass() == w.Class && holds(a.GetExecutables(), w.Executable) && oracleTitle(a.GetTitlePatterns(), w.Title) {
			return true
		}
	}
	return false
}

func asksFor(p *pb.Policy, c pb.DataClass) bool {
	for _, have := range p.GetClasses() {
		if have == c {
			return true
		}
	}
	return false
}

func holds(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

func oracleHours(p *pb.Policy, wall time.Time) bool {
	second := uint32(wall.Hour()*3600 + wall.Minute()*60 + wall.Second())
	for _, h := range p.GetHours() {
		for _, d := range h.GetWeekdays() {
			if time.Weekday(d) == wall.Weekday() && second >= h.GetStartSecond() && second < h.GetEndSecond() {
				return true
			}
		}
	}
	return false
}

func oracleTitle(patterns []string, title string) bool {
	for _, p := range patterns {
		if pattern(`\A(?:` + p + `)\z`).MatchString(title) {
			return true
		}
	}
	return len(patterns) == 0
}

func oracleExcludes(p *pb.Policy, w Window) bool {
	for _, x := range p.GetExclusions() {
		class := x.GetWmClass() == "" || strings.EqualFold(x.GetWmClass(), w.Class)
		base := w.Executable[strings.LastIndexByte(w.Executable, '/')+1:]
		path := x.GetExecutable() == "" || strings.EqualFold(x.GetExecutable(), base)
		title := x.GetTitlePattern() == "" || pattern("(?i)"+x.GetTitlePattern()).MatchString(w.Title)
		if class && path && title && x.GetWmClass()+x.GetExecutable()+x.GetTitlePattern() != "" {
			return true
		}
	}
	return false
}

var patterns = map[string]*regexp.Regexp{}

func pattern(p string) *regexp.Regexp {
	if patterns[p] == nil {
		patterns[p] = regexp.MustCompile(p)
	}
	return patterns[p]
}

// redacts tells whether the policy's own rules find something in text.
func redacts(p *pb.Policy, text string) bool {
	for _, re := range p.GetRedaction().GetPatterns() {
		if pattern(re).MatchString(text) {
			return true
		}
	}
	for _, term := range p.GetRedaction().GetTerms() {
		if strings.Contains(text, term) {
			return true
		}
	}
	return false
}

// promises are what a person was told in words: each must be the same, letter by letter.
func promises(p *pb.Policy) string {
	return fmt.Sprint(p.GetController(), p.GetPurpose(), p.GetLegalBasis(), p.GetAfterExport(), p.GetCompensation(), p.GetRefusal(),
		p.GetAuthority(), p.GetCustodians(), p.GetLanguage(), p.GetJurisdiction())
}

// oracleWider is the first thing that next allows and prev did not, looked for at many windows, instants and texts; empty if none.
func oracleWider(next, prev *pb.Policy, rnd *rand.Rand) string {
	bytes := func(p *pb.Policy) uint64 {
		if n := p.GetBudgets().GetBytesPerDay(); n != 0 {
			return n
		}
		return DefaultBytesPerDay
	}
	switch {
	case promises(next) != promises(prev):
		return "a promise changed"
	case next.GetRetentionDays() > prev.GetRetentionDays():
		return "kept for longer"
	case bytes(next) > bytes(prev):
		return "more bytes a day"
	}
	for _, text := range oracleTexts {
		if redacts(prev, text) && !redacts(next, text) {
			return "no longer redacted: " + text
		}
	}
	for range 12 {
		w, wall, c := oracleWindow(rnd), oracleMoment(rnd), pb.DataClass(1+rnd.IntN(5))
		if captures(next, w, wall, c) && !captures(prev, w, wall, c) {
			return fmt.Sprintf("captured now: %v in %+v at %v", c, w, wall)
		}
	}
	return ""
}

var oracleTexts = []string{"Falcon", "a Robin", "falcon", "P-12", "Q-7", "P-", "Wren", "", "Nightingale Q-", "X9"}

func oracleWindow(rnd *rand.Rand) Window {
	one := func(list ...string) string { return list[rnd.IntN(len(list))] }
	return Window{
		Class:      one("Mousepad", "mousepad", "Thunar", "Mail"),
		Executable: one("/usr/bin/mousepad", "/opt/mousepad", "/usr/bin/thunar", "/usr/bin/Thunar", "/bin/sh"),
		Title:      one("Work", "Works", "W", "Home x", "home x", "a", "b", "ab", "", "bank", "Work\n"),
	}
}

// oracleMoment is an instant near a rim of some hour, on any day of two weeks, one of them with a change of the clock, or near an end.
func oracleMoment(rnd *rand.Rand) time.Time {
	if rnd.IntN(4) == 0 {
		return time.Unix(sample().ExpiresAt+rnd.Int64N(3000)-2000, 0).In(vienna)
	}
	rims := []int{0, 9 * 3600, 12 * 3600, 13 * 3600, 17 * 3600, 30000, 36000, 40000, 50000, 86399}
	start := []time.Time{monday, time.Date(2026, 10, 24, 0, 0, 0, 0, vienna)}[rnd.IntN(2)]
	return time.Date(start.Year(), start.Month(), start.Day()+rnd.IntN(7), 0, 0, rims[rnd.IntN(len(rims))]+rnd.IntN(5)-2, 0, vienna)
}

// rearrange changes m in one random way, of every field that a policy has.
func rearrange(m *pb.Policy, rnd *rand.Rand) {
	flip := func() bool { return rnd.IntN(2) == 0 }
	switch rnd.IntN(28) {
	case 0:
		m.Applications = some(rnd, m.Applications)
	case 1:
		rnd.Shuffle(len(m.Applications), func(i, j int) { m.Applications[i], m.Applications[j] = m.Applications[j], m.Applications[i] })
	case 2, 3:
		for _, a := range m.Applications {
			if kept := some(rnd, a.Executables); len(kept) > 0 {
				a.Executables = kept
			}
		}
	case 4:
		for _, a := range m.Applications {
			a.Executables = unique(append(a.Executables, []string{"/bin/sh", "/usr/bin/Thunar", "/opt/mousepad"}[rnd.IntN(3)]))
		}
	case 5, 6:
		for _, a := range m.Applications {
			a.TitlePatterns = some(rnd, a.TitlePatterns)
		}
	case 7:
		for _, a := range m.Applications {
			a.TitlePatterns = unique(append(a.TitlePatterns, []string{"W.*", "(?i)home .*", "a|b", ".*", "Work"}[rnd.IntN(5)]))
		}
	case 8:
		for _, a := range m.Applications {
			a.WmClass = []string{"Mousepad", "mousepad", "Thunar", "Mail"}[rnd.IntN(4)]
		}
	case 9:
		m.Classes = some(rnd, m.Classes)
	case 10:
		m.Classes = some(rnd, []pb.DataClass{1, 2, 3, 4, 5, 6, 7})
	case 11, 12:
		m.Hours = some(rnd, m.Hours)
	case 13, 14:
		for _, h := range m.Hours {
			h.StartSecond += uint32(rnd.IntN(5))
			h.EndSecond -= uint32(rnd.IntN(5))
		}
	case 15:
		for _, h := range m.Hours {
			if flip() && h.StartSecond > 0 {
				h.StartSecond--
			} else if h.EndSecond < 86400 {
				h.EndSecond++
			}
		}
	case 16:
		for _, h := range m.Hours {
			h.Weekdays = some(rnd, []uint32{0, 1, 2, 3, 4, 5, 6})
		}
	case 17:
		m.Exclusions = some(rnd, m.Exclusions)
	case 18:
		m.Exclusions = append(m.Exclusions, &pb.Exclusion{Name: "More", TitlePattern: "^W"})
	case 19:
		m.ExpiresAt += rnd.Int64N(4) - 2
	case 20:
		m.RetentionDays += uint32(rnd.IntN(3)) - 1
	case 21:
		m.Budgets = &pb.Budgets{BytesPerDay: rnd.Uint64N(20 << 20)}
	case 22:
		m.Redaction.Terms = some(rnd, []string{"Falcon", "Nightingale", "Robin", "falcon"})
	case 23:
		m.Redaction.Patterns = some(rnd, []string{"P-[0-9]+", "Q-[0-9]+", "P-[0-9]*", "X."})
	case 24:
		m.Redaction.Terms = append(m.Redaction.Terms, "Wren")
	case 25:
		m.Custodians = some(rnd, m.Custodians)
	case 26:
		for _, s := range []*string{&m.LegalBasis, &m.Compensation, &m.Refusal, &m.Authority, &m.Jurisdiction, &m.Purpose.Text, &m.Controller.Contact} {
			if rnd.IntN(8) == 0 {
				*s += "."
			}
		}
	case 27:
		if len(m.Applications) > 0 {
			twin := proto.CloneOf(m.Applications[0])
			twin.Id += "2"
			m.Applications = append(m.Applications, twin)
		}
	}
}

func some[T any](rnd *rand.Rand, list []T) (out []T) {
	for _, v := range list {
		if rnd.IntN(3) > 0 {
			out = append(out, v)
		}
	}
	return out
}

func unique(list []string) (out []string) {
	for _, s := range list {
		if !holds(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// pairs is how many pairs are compared: a million at night.
func pairs() int {
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		return 1_000_000
	}
	return 25_000
}

// I3: of random pairs, none that Narrower accepts allows anything that the oracle finds the one before not to allow.
func TestNarrowerAgainstTheOracle(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 2))
	accepted, wider, invalid := 0, 0, 0
	for n := range pairs() {
		prev := sample()
		for range rnd.IntN(3) {
			rearrange(prev, rnd)
		}
		next := proto.CloneOf(prev)
		for range rnd.IntN(4) {
			rearrange(next, rnd)
		}
		if checkPolicy(prev) != nil || checkPolicy(next) != nil {
			invalid++
			continue
		}
		what := oracleWider(next, prev, rnd)
		if what != "" {
			wider++
		}
		if Narrower(Policy{message: next}, Policy{message: prev}) != nil {
			continue
		}
		accepted++
		if what != "" {
			t.Fatalf("seed %d, pair %d: accepted, and wider: %s\n%v\n%v", seed, n, what, prev, next)
		}
	}
	t.Logf("seed %d: %d pairs, %d accepted, %d that the oracle found wider, %d no policies", seed, pairs(), accepted, wider, invalid)
	if accepted < pairs()/20 || wider < pairs()/20 || invalid > pairs()/2 {
		t.Error("the pairs are too much of one kind: hardly anything was tested")
	}
}

// Each rule of Narrower, left out, must be found by the same oracle.
func TestOracleFindsAMissingRule(t *testing.T) {
	rules := []struct {
		name string
		rule func(n, p *pb.Policy) string
	}{
		{"texts", sameTexts}, {"lengths", notLonger}, {"classes", fewerClasses}, {"hours", fewerHours},
		{"applications", fewerApplications}, {"redaction", moreRedaction}, {"exclusions", moreExclusions}, {"rest", sameRest},
	}
	for left := range rules {
		if rules[left].name == "texts" {
			continue // sameRest finds them too; its words are for people
		}
		rnd := rand.New(rand.NewPCG(1, 3))
		found := ""
		for n := 0; n < 50_000 && found == ""; n++ {
			prev := sample()
			rearrange(prev, rnd)
			next := proto.CloneOf(prev)
			rearrange(next, rnd)
			if checkPolicy(prev) != nil || checkPolicy(next) != nil {
				continue
			}
			accepted := true
			for i, r := range rules {
				accepted = accepted && (i == left || rules[left].name == "rest" && r.name == "texts" || r.rule(next, prev) == "")
			}
			if accepted {
				found = oracleWider(next, prev, rnd)
			}
		}
		if found == "" {
			t.Errorf("without the rule of %s nothing wider was found", rules[left].name)
		}
	}
}
