package keeper

import (
	"slices"
	"time"
)

// Wish is the name of the file by which a person asks, in their own folder, for the agent that they ended or that failed. Only they
// can make one there; the agent takes it away when it begins.
const Wish = "start"

// What an agent that fails is given: another try, later each time, and an end, as the unit on Linux has it.
const (
	firstPause = 5 * time.Second
	failSpan   = 5 * time.Minute
	failMost   = 5
)

// session is one session as Windows lists it.
type session struct {
	id       uint32
	user     string // the account that is logged in; "" is nobody
	enrolled bool   // this person enrolled themselves
	asked    bool   // this person asked for their agent
	unknown  bool   // somebody is logged in, and Windows cannot say yet whether they enrolled
}

// state is how it stands with the agent of one session.
type state int

const (
	running state = iota
	waiting       // it failed, and is tried again
	resting       // its person ended it, or it failed too often: it waits for them
)

// page is what the book says of one session.
type page struct {
	user     string
	state    state
	run      int // number of the start
	failures []time.Time
	due      time.Time // waiting: when to try again
}

// book says which agents are to run. It does nothing itself, and asks no clock.
type book struct {
	pages map[uint32]*page
	runs  int
}

// start is an agent that is to be started.
type start struct {
	session session
	run     int
}

// look takes the sessions as they are now, and says which agents to start and which of the runs to end. An agent is for somebody
// who is logged in, who enrolled, and who has none in another session yet; one that its person ended is for them to begin again.
func (b *book) look(list []session, now time.Time) (begin []start, end []int) {
	if b.pages == nil {
		b.pages = map[uint32]*page{}
	}
	end = b.forget(list)
	busy := map[string]bool{}
	for _, p := range b.pages {
		busy[p.user] = busy[p.user] || p.state == running
	}
	slices.SortFunc(list, func(a, c session) int { return int(a.id) - int(c.id) })
	for _, s := range list {
		if s.id == 0 || s.user == "" || busy[s.user] {
			continue // session 0 is the services' own
		}
		p := b.pages[s.id]
		if s.unknown {
			if p == nil || p.state == waiting && !now.Before(p.due) {
				b.fail(b.open(s), now)
			}
			continue
		}
		if !s.enrolled || p != nil && !s.asked && !(p.state == waiting && !now.Before(p.due)) {
			continue
		}
		p = b.open(s)
		if s.asked {
			p.failures = nil
		}
		b.runs++
		p.state, p.run, busy[s.user] = running, b.runs, true
		begin = append(begin, start{s, b.runs})
	}
	return begin, end
}

// forget drops the sessions that are gone or belong to somebody else now, and returns their runs.
func (b *book) forget(list []session) (end []int) {
	for id, p := range b.pages {
		if slices.ContainsFunc(list, func(s session) bool { return s.id == id && s.user == p.user }) {
			continue
		}
		if p.state == running {
			end = append(end, p.run)
		}
		delete(b.pages, id)
	}
	return end
}

// open is the page of a session, a new one if there is none.
func (b *book) open(s session) *page {
	if b.pages[s.id] == nil {
		b.pages[s.id] = &page{user: s.user}
	}
	return b.pages[s.id]
}

// ended notes that a run is over, well or not.
func (b *book) ended(run int, well bool, now time.Time) {
	for _, p := range b.pages {
		switch {
		case p.state != running || p.run != run:
		case well:
			p.state = resting
		default:
			b.fail(p, now)
		}
	}
}

// fail has the agent wait for another try, or for its person if it failed too often.
func (b *book) fail(p *page, now time.Time) {
	p.failures = slices.DeleteFunc(p.failures, func(t time.Time) bool { return now.Sub(t) > failSpan })
	p.failures = append(p.failures, now)
	p.state, p.due = waiting, now.Add(firstPause<<(len(p.failures)-1))
	if len(p.failures) >= failMost {
		p.state = resting
	}
}

// next is when somebody is to be tried again; zero if nobody waits.
func (b *book) next() (due time.Time) {
	for _, p := range b.pages {
		if p.state == waiting && (due.IsZero() || p.due.Before(due)) {
			due = p.due
		}
	}
	return due
}
