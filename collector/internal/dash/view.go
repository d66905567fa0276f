package dash

import (
	"time"

	"github.com/byleave/byleave/policy"
)

// View is how things stand, as the operator's commands say it. What could not be asked stands in a trouble of its own, so that the rest is shown.
type View struct {
	Dir     string // the collector's folder, as it was typed
	Version string
	Now     time.Time

	Running bool
	Healthy string // why the index cannot be read; empty: it can
	Ready   string // why no boxes are taken; empty: they are
	Checks  []Check
	Ends    time.Time // of the authority's certificate; zero: not known

	Policy        policy.Policy // in force; zero: none
	PolicyTrouble string

	Days        []Day // that have ended and are told, oldest first
	DaysTrouble string

	Ledger Ledger
}

// Check is one thing that doctor looks at.
type Check struct {
	What   string
	OK     bool
	Warn   bool
	Says   string
	Remedy string // what to do, if it does not already stand in Says
}

// Day is a UTC day of at least ten people, in the figures that are told of it.
type Day struct {
	Day                time.Time
	People, Boxes, MiB uint64
}

// Ledger is what everybody can read in the public ledger.
type Ledger struct {
	Trouble string
	Missing bool // it is made when the collector is started
	Leaves  uint64
	Reads   []Read // oldest first
}

// Read is one release to a custodian.
type Read struct {
	Hour               time.Time
	Custodian, Purpose string
	Few                bool // of fewer than ten people: no figures
	Boxes, MiB         uint64
	Window             string // which boxes were asked for
}

// Bad is how many checks failed.
func (v View) Bad() (n int) {
	for _, c := range v.Checks {
		if !c.OK {
			n++
		}
	}
	return n
}

// Warns is how many checks found what should not stay so.
func (v View) Warns() (n int) {
	for _, c := range v.Checks {
		if c.Warn {
			n++
		}
	}
	return n
}

// Purpose is what the policy in force asks for, as a word of a command.
func (v View) Purpose() string {
	if v.Policy.IsZero() {
		return "PURPOSE"
	}
	return policy.Inert(shell(v.Policy.PurposeID()))
}

// Takes tells whether boxes are taken now.
func (v View) Takes() bool { return v.Running && v.Healthy == "" && v.Ready == "" }

// Notice is the policy in force in the words that people read; nil if there is none.
func (v View) Notice() []policy.Section {
	if v.Policy.IsZero() {
		return nil
	}
	sections, err := policy.Sections(v.Policy)
	if err != nil { // a policy in force has a notice
		return nil
	}
	return sections
}

// Kinds are the kinds of data that the policy in force asks for, in words.
func (v View) Kinds() (out []string) {
	for _, c := range v.Policy.Message().GetClasses() {
		out = append(out, policy.Class(c).InWords())
	}
	return out
}

// Left says how long it is until then, in days.
func (v View) Left(end time.Time) string {
	left := end.Sub(v.Now)
	switch days := int(left.Hours() / 24); {
	case left <= 0:
		return "it has ended"
	case days >= 2*365:
		return policy.Count(days/365, "year") + " left"
	case days == 0:
		return "less than a day left"
	default:
		return policy.Count(days, "day") + " left"
	}
}

// Soon tells that something ends within a month, or has ended.
func (v View) Soon(end time.Time) bool { return end.Before(v.Now.AddDate(0, 0, 30)) }

// newestReads is how many releases are shown before the others.
const newestReads = 8

// NewestReads are the last releases, the newest first.
func (v View) NewestReads() []Read {
	return reversed(v.Ledger.Reads)[:min(newestReads, len(v.Ledger.Reads))]
}

// OlderReads are those before, the newest first.
func (v View) OlderReads() []Read {
	return reversed(v.Ledger.Reads)[min(newestReads, len(v.Ledger.Reads)):]
}

func reversed(in []Read) []Read {
	out := make([]Read, 0, len(in))
	for i := len(in) - 1; i >= 0; i-- {
		out = append(out, in[i])
	}
	return out
}
