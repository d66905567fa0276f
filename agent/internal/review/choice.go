package review

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// form is what a person ticked, as the browser sends it. Nothing in it is trusted: choice checks it against the policy.
type form struct {
	Grants      map[string]policy.Classes // without text
	Text        map[string]bool           // typed text, a choice of its own for each application
	Spans       map[int]bool              // which of the asked hours
	From, Until string                    // only within, on every chosen day
	Length      string                    // days, or "end"
}

// readForm reads the fields, bounded by what the policy asks for.
func readForm(v url.Values, p *pb.Policy) form {
	f := form{
		Grants: map[string]policy.Classes{}, Text: map[string]bool{}, Spans: map[int]bool{},
		From: clip(v.Get("from")), Until: clip(v.Get("until")), Length: clip(v.Get("length")),
	}
	for _, g := range v["grant"] {
		app, name, _ := strings.Cut(g, " ")
		if c, ok := policy.ClassNamed(name); ok && c != policy.Text && asks(p, app) {
			f.Grants[app] = f.Grants[app].With(c)
		}
	}
	for _, app := range v["text"] {
		if asks(p, app) {
			f.Text[app] = true
		}
	}
	for _, s := range v["span"] {
		if i, err := strconv.Atoi(s); err == nil && i >= 0 && i < len(p.GetHours()) {
			f.Spans[i] = true
		}
	}
	return f
}

// clip keeps what is sent back into the page short.
func clip(s string) string { return s[:min(len(s), 16)] }

func asks(p *pb.Policy, app string) bool {
	return slices.ContainsFunc(p.GetApplications(), func(a *pb.Application) bool { return a.GetId() == app })
}

// Has tells whether a kind of data was ticked.
func (f form) Has(app string, c policy.Class) bool {
	if c == policy.Text {
		return f.Text[app]
	}
	return f.Grants[app].Has(c)
}

// problem is something that is missing or makes no sense, and the field where it is mended.
type problem struct{ Field, Words string }

// choice is what the form grants of p at now, or what is missing.
func (f form) choice(p policy.Policy, now time.Time) (policy.Choice, []problem) {
	c := policy.Choice{Grants: map[string]policy.Classes{}, Now: now, Gesture: "page: typed yes and pressed Agree"}
	var missing []problem
	for _, a := range p.Message().GetApplications() {
		set := f.Grants[a.GetId()]
		if f.Text[a.GetId()] {
			set = set.With(policy.Text)
		}
		if set = set.Meet(p.Offered()); set != 0 {
			c.Grants[a.GetId()] = set
		}
	}
	if len(c.Grants) == 0 {
		missing = append(missing, problem{"applications", "Choose at least one kind of data for one application, or say no."})
	}
	var why string
	if c.Hours, why = f.hours(p.Message().GetHours()); why != "" {
		missing = append(missing, problem{"hours", why})
	}
	if c.Expires, why = f.expires(p, now); why != "" {
		missing = append(missing, problem{"length", why})
	}
	return c, missing
}

// hours are the ticked spans, each cut to what lies between From and Until.
func (f form) hours(asked []*pb.Hours) ([]*pb.Hours, string) {
	if len(f.Spans) == 0 {
		return nil, "Choose at least one of the hours."
	}
	from, until := uint32(0), uint32(86400)
	for _, edge := range []struct {
		text string
		to   *uint32
	}{{f.From, &from}, {f.Until, &until}} {
		if edge.text == "" {
			continue
		}
		t, err := time.Parse("15:04", edge.text)
		if err != nil {
			return nil, "Write times of day as 09:00."
		}
		*edge.to = uint32(t.Hour()*3600 + t.Minute()*60)
	}
	var out []*pb.Hours
	for i, h := range asked {
		start, end := max(h.GetStartSecond(), from), min(h.GetEndSecond(), until)
		if f.Spans[i] && start < end {
			out = append(out, &pb.Hours{Weekdays: h.GetWeekdays(), StartSecond: start, EndSecond: end})
		}
	}
	if len(out) == 0 {
		return nil, "No time is left between these two; choose others, or leave them empty."
	}
	return out, ""
}

// lengths are the offered lengths in days, the shortest first; the policy's own end comes last.
var lengths = []int{1, 7, 30, 90}

func (f form) expires(p policy.Policy, now time.Time) (time.Time, string) {
	if f.Length == "end" {
		return p.Expires(), ""
	}
	days, err := strconv.Atoi(f.Length)
	if err != nil || !slices.Contains(lengths, days) {
		return time.Time{}, "Choose for how long."
	}
	end := now.AddDate(0, 0, days)
	if end.After(p.Expires()) {
		return p.Expires(), ""
	}
	return end, ""
}

// length is one way to answer "for how long".
type length struct {
	Value, Words string
	Until        time.Time
}

func lengthsFor(p policy.Policy, now time.Time) []length {
	var out []length
	for _, d := range lengths {
		if end := now.AddDate(0, 0, d); end.Before(p.Expires()) {
			words := fmt.Sprintf("%d days", d)
			if d == 1 {
				words = "1 day"
			}
			out = append(out, length{strconv.Itoa(d), words, end})
		}
	}
	return append(out, length{"end", "As long as it is asked for", p.Expires()})
}
