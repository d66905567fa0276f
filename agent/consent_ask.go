package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/byleave/byleave/agent/internal/review"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// errDeclined means that the person did not say yes. Nothing was changed, and nobody is told.
var errDeclined = errors.New("nothing was agreed, nothing changed, and nobody is told")

// errSaidNo means that the person typed no: it ends here, and nothing is asked again.
var errSaidNo = errors.New("you said no")

// preset is what the flags already chose; the person still sees all of it and types the yes.
type preset struct {
	grants  []string // APP=CLASS,CLASS
	hours   string
	expires time.Duration
}

// interview shows the notice and asks for every choice. Nothing is pre-chosen: an empty answer grants nothing.
type interview struct {
	in  *bufio.Reader
	out io.Writer
	now time.Time
}

// choose returns what the person chose of p, or errDeclined.
func (iv interview) choose(p policy.Policy, pre preset) (policy.Choice, error) {
	notice, err := policy.Notice(p)
	if err != nil {
		return policy.Choice{}, err
	}
	fmt.Fprintf(iv.out, "%s\n\n%s\n", strings.TrimSpace(notice), review.ExampleText())
	fmt.Fprintln(iv.out, "You can answer no to any question; then it ends there, and you are not asked again.")
	c := policy.Choice{Now: iv.now, Gesture: "terminal: typed yes"}
	if c.Grants, err = iv.grants(p, pre.grants); err != nil {
		return c, err
	}
	if c.Hours, err = iv.hours(p, pre.hours); err != nil {
		return c, err
	}
	if c.Expires, err = iv.expires(p, pre.expires); err != nil {
		return c, err
	}
	iv.summary(p, c)
	answer, err := iv.ask("Type yes to agree or no to refuse; anything else leaves it open: ")
	if err != nil {
		return c, err
	}
	if !strings.EqualFold(answer, "yes") {
		return c, errDeclined
	}
	return c, nil
}

func (iv interview) grants(p policy.Policy, given []string) (map[string]policy.Classes, error) {
	grants := map[string]policy.Classes{}
	for _, g := range given {
		app, list, ok := strings.Cut(g, "=")
		if !ok {
			return nil, misuse{fmt.Errorf("--grant is written APPLICATION=CLASS,CLASS, for example editor=pointer,frames")}
		}
		set, err := parseClasses(list)
		if err != nil {
			return nil, misuse{err}
		}
		grants[app] = set
	}
	if len(given) > 0 {
		return grants, nil
	}
	fmt.Fprint(iv.out, "\nFor each application, type the words of what may be recorded, with commas or spaces between. Leave it empty for nothing.\n")
	for _, c := range policy.AllClasses() {
		if p.Offered().Without(policy.Text).Has(c) {
			fmt.Fprintf(iv.out, "  %-9s %s\n", c, c.InWords())
		}
	}
	for _, a := range p.Message().GetApplications() {
		set, err := iv.application(a.GetName(), p.Offered())
		if err != nil {
			return nil, err
		}
		if set != 0 {
			grants[a.GetId()] = set
		}
	}
	if len(grants) == 0 {
		return nil, errDeclined
	}
	return grants, nil
}

// application asks for one application. Typed text is a question of its own, since it says most about a person.
func (iv interview) application(name string, offered policy.Classes) (set policy.Classes, err error) {
	err = iv.askFor(fmt.Sprintf("  %s: ", policy.Inert(name)), func(answer string) error {
		set = 0
		if answer == "" {
			return nil
		}
		set, err = parseClasses(answer)
		switch {
		case err == nil && set.Has(policy.Text):
			return errors.New("typed text has a question of its own; leave it out of the list")
		case err != nil || !set.Within(offered):
			return fmt.Errorf("type words from: %s; or nothing at all, or no", offered.Without(policy.Text))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if !offered.Has(policy.Text) {
		return set, nil
	}
	fmt.Fprintf(iv.out, "    Typed text in %s means: the words that you type there are kept. Passwords never are, and card, account and phone\n"+
		"    numbers, e-mail addresses and the like are replaced on this computer; ordinary words, such as a name, stay.\n", policy.Inert(name))
	answer, err := iv.ask("    Type the word text to switch it on here, nothing to leave it off: ")
	if err != nil {
		return 0, err
	}
	if answer == policy.Text.String() {
		set = set.With(policy.Text)
	}
	return set, nil
}

func (iv interview) hours(p policy.Policy, given string) (hours []*pb.Hours, err error) {
	asked := p.Message().GetHours()
	if given != "" {
		return readHours(given, asked)
	}
	fmt.Fprintf(iv.out, "The policy asks for: %s.\n", describeHours(asked))
	err = iv.askFor("Hours in which it may record, for example 09:00-12:30 (or: all of these): ", func(answer string) error {
		if answer == "" {
			return errDeclined
		}
		hours, err = readHours(answer, asked)
		return err
	})
	return hours, err
}

func readHours(answer string, asked []*pb.Hours) ([]*pb.Hours, error) {
	if answer == "all" || answer == "all of these" {
		return asked, nil
	}
	return parseHours(answer, asked)
}

func (iv interview) expires(p policy.Policy, given time.Duration) (time.Time, error) {
	if given == 0 {
		err := iv.askFor("For how many days: ", func(answer string) error {
			if answer == "" {
				return errDeclined
			}
			days, err := strconv.ParseUint(answer, 10, 16)
			if err != nil || days == 0 {
				return errors.New("write a whole number of days, for example 30")
			}
			given = time.Duration(days) * 24 * time.Hour
			return nil
		})
		if err != nil {
			return time.Time{}, err
		}
	}
	end := iv.now.Add(given)
	if p.Expires().Before(end) {
		end = p.Expires()
	}
	return end, nil
}

func (iv interview) summary(p policy.Policy, c policy.Choice) {
	fmt.Fprintln(iv.out, "\nYou would agree to:")
	for _, a := range p.Message().GetApplications() {
		set := c.Grants[a.GetId()]
		if set == 0 {
			continue
		}
		fmt.Fprintf(iv.out, "  %s\n", policy.Inert(a.GetName()))
		for _, k := range policy.AllClasses() {
			if set.Has(k) {
				fmt.Fprintf(iv.out, "    %s: %s\n", k, k.InWords())
			}
		}
	}
	fmt.Fprintf(iv.out, "  %s, until %s\n", describeHours(c.Hours), c.Expires.Local().Format("2 Jan 2006 15:04"))
	fmt.Fprintln(iv.out, "You can end it at any time with: byleave consent withdraw")
}

// tries is how often an answer that cannot be read is asked for; what is still not understood then grants nothing.
const tries = 3

// askFor asks until read takes the answer. A slip of the hand is said and asked about again; leaving and saying no end it.
func (iv interview) askFor(question string, read func(answer string) error) error {
	for range tries {
		answer, err := iv.ask(question)
		if err == nil {
			err = read(answer)
		}
		if err == nil || errors.Is(err, errDeclined) || errors.Is(err, errSaidNo) {
			return err
		}
		fmt.Fprintf(iv.out, "    Not understood: %v.\n", err)
	}
	return errDeclined
}

func (iv interview) ask(question string) (string, error) {
	fmt.Fprint(iv.out, question)
	line, err := iv.in.ReadString('\n')
	if err != nil && line == "" {
		return "", errDeclined
	}
	if answer := strings.TrimSpace(line); !strings.EqualFold(answer, "no") {
		return answer, nil
	}
	return "", errSaidNo
}

// parseClasses reads a list such as "pointer, frames" or "pointer frames".
func parseClasses(list string) (policy.Classes, error) {
	var set policy.Classes
	names := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		c, ok := policy.ClassNamed(strings.ToLower(name))
		if !ok {
			return 0, misuse{fmt.Errorf("the kinds of data are pointer, hotkeys, text, frames, elements, labels, lines, with commas between")}
		}
		set = set.With(c)
	}
	return set, nil
}

// parseHours reads HH:MM[:SS]-HH:MM[:SS], on every day for which the policy asks.
func parseHours(s string, asked []*pb.Hours) ([]*pb.Hours, error) {
	from, to, ok := strings.Cut(s, "-")
	start, err1 := parseClock(from)
	end, err2 := parseClock(to)
	if !ok || err1 != nil || err2 != nil || end <= start {
		return nil, misuse{fmt.Errorf("hours are written 09:00-17:30, within one day")}
	}
	var days []uint32
	seen := map[uint32]bool{}
	for _, h := range asked {
		for _, d := range h.GetWeekdays() {
			if !seen[d] {
				days, seen[d] = append(days, d), true
			}
		}
	}
	return []*pb.Hours{{Weekdays: days, StartSecond: start, EndSecond: end}}, nil
}

func parseClock(s string) (uint32, error) {
	s = strings.TrimSpace(s)
	if s == "24:00" {
		return 86400, nil
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return uint32(t.Hour()*3600 + t.Minute()*60 + t.Second()), nil
		}
	}
	return 0, errors.New("not a time of day")
}

func describeHours(hours []*pb.Hours) string {
	parts := make([]string, len(hours))
	for i, h := range hours {
		parts[i] = policy.HoursInWords(h)
	}
	return strings.Join(parts, "; ")
}

// describeClasses names the classes of a grant.
func describeClasses(list []pb.DataClass) string {
	var set policy.Classes
	for _, c := range list {
		set = set.With(policy.Class(c))
	}
	return set.String()
}
