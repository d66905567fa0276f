package review

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

const (
	pageRows  = 80 // a page ends with the box that reaches this many
	dayWait   = 70 * time.Millisecond
	wordsWait = 8 * time.Second // how long a search waits for the whole index
	mostDays  = 400             // in the list of days
	dayForm   = "2006-01-02"
)

// recorded is the page of what was recorded.
type recorded struct {
	Number   string // of this view
	Day      string
	DayWords string
	Days     []day
	Filter   filter
	Apps     []string
	Classes  []policy.Class
	Strip    *strip
	Switches bool // there is a consent that they show
	Boxes    []shown
	More     string // the view that goes on
	Newer    bool   // this is not the first page
	Left     int64  // boxes that are not read yet
	Beyond   int
	Hits     int
	Held     int
	Leaves   time.Time // the next box, not before
	Ticks    []moment  // how long until then, now and later; none: it has passed
	Gone     int       // hundredths of its hold that have passed
	NextID   string
	Released bool // the person let it leave
	Send     *sendAsk
	Erased   Erasures
	Ask      *question
	Note     string
	All      string // the view without words
}

// day is one entry of the list of days.
type day struct {
	Date, Words, View string
	Boxes             int
	Here              bool
}

// shown is one box with what of it is looked for.
type shown struct {
	*opened
	Rows []row
	NewSession,
	Hidden bool // some of its rows are not shown
	Missing uint64 // numbers between this box and the next older one that stand for no box here
	Actions int
}

// Lines are its rows with where their pictures are.
func (s shown) Lines() []line {
	out := make([]line, 0, len(s.Rows))
	for _, r := range s.Rows {
		out = append(out, line{row: r, Base: "/frame/" + s.ID + "/"})
	}
	return out
}

// IsCut tells that it stands in the place of a box out of which the person took something.
func (s shown) IsCut() bool { return len(s.cut) > 0 }

// Damaged is why it does not open.
func (s shown) Damaged() string { return s.damage }

// Frames counts the pictures.
func (s shown) Frames() int { return s.frames }

// Unread tells that the index is full.
func (s shown) Unread() bool { return s.beyond }

func dayOf(o *opened) string { return o.From.Local().Format(dayForm) }

func (s *server) recorded(w http.ResponseWriter, r *http.Request, x *index) {
	number := r.PathValue("view")
	if number != "" {
		x.goOn()
	}
	defer func() { time.AfterFunc(afterPaint, x.goOn) }()
	p, err := s.timeline(r, x, s.views.get(number))
	if err != nil {
		s.trouble(w, err)
		return
	}
	p.Number = number
	s.say(w, http.StatusOK, "recorded", p)
}

// timeline fills in the page of a view.
func (s *server) timeline(r *http.Request, x *index, v view) (recorded, error) {
	p := recorded{Day: v.Day, Filter: v.Filter, Newer: v.After != "", Ask: v.Ask, Send: v.Send, Note: v.Note, Classes: kinds()}
	var err error
	if p.Erased, err = x.mine.Erasures(); err != nil {
		return recorded{}, err
	}
	all := x.all()
	p.days(s, all, v)
	if x.begins() != p.Day {
		x.goOn() // this page waits for another day
	}
	part := all
	if v.Filter.Words == "" {
		part = slices.DeleteFunc(slices.Clone(all), func(o *opened) bool { return dayOf(o) != p.Day })
		waitFor(r, part, s.opt.Wait)
		p.Left = x.left.Load() // before anything is shown: what is read meanwhile may be missing, and that is said
		if v.Filter.IsZero() || v.Filter.Class != 0 || v.Filter.App != "" {
			p.Strip = stripOf(p.Day, part)
			p.switches(s, r)
		}
	} else {
		waitFor(r, all, wordsWait)
		p.Left = x.left.Load()
	}
	p.count(all, s.opt.Now())
	p.fill(s, r, x, part, v)
	p.All = s.views.keep(view{Day: p.Day})
	return p, nil
}

// switches puts the consent beside the kinds of data. Where it cannot be read there are none.
func (p *recorded) switches(s *server, r *http.Request) {
	v, err := s.opt.Desk.Look(r.Context())
	if err != nil || p.Strip == nil || v.Consent.IsZero() {
		return
	}
	p.Switches = true
	by := switchesOf(v)
	for i, l := range p.Strip.Rows {
		p.Strip.Rows[i].Switch = by[l.Class]
	}
}

// days lists the days that have boxes, and settles on one.
func (p *recorded) days(s *server, all []*opened, v view) {
	at := map[string]int{}
	for _, o := range all {
		if o.undated() {
			continue
		}
		d := dayOf(o)
		i, ok := at[d]
		if !ok && len(p.Days) == mostDays {
			continue
		}
		if !ok {
			i = len(p.Days)
			at[d] = i
			p.Days = append(p.Days, day{Date: d, Words: o.From.Local().Format("Mon 2 January"), View: s.views.keep(view{Day: d, Filter: filter{App: v.Filter.App, Class: v.Filter.Class}})})
		}
		p.Days[i].Boxes++
	}
	if _, ok := at[p.Day]; !ok && len(p.Days) > 0 {
		p.Day = p.Days[0].Date
	}
	for i := range p.Days {
		p.Days[i].Here = p.Days[i].Date == p.Day && v.Filter.Words == ""
	}
	if t, err := time.ParseInLocation(dayForm, p.Day, time.Local); err == nil {
		p.DayWords = t.Format("Monday, 2 January 2006")
	}
}

// count says what is held and which applications there are, from what was read so far.
func (p *recorded) count(all []*opened, now time.Time) {
	for _, o := range all {
		if o.State == Held {
			p.Held++
		}
		if o.Next {
			p.Leaves, p.NextID, p.Released, p.Gone = o.Leaves, o.ID, o.Released, o.Sealing(now)
			if o.Leaves.After(now) {
				p.Ticks = countdown(o.Box, now)
			}
		}
		if !isReady(o) {
			continue
		}
		if o.beyond {
			p.Beyond++
		}
		for _, a := range o.apps {
			if !slices.Contains(p.Apps, a) {
				p.Apps = append(p.Apps, a)
			}
		}
	}
	slices.Sort(p.Apps)
}

// fill takes boxes, the newest first, until the page is full. It waits for each that it shows.
func (p *recorded) fill(s *server, r *http.Request, x *index, part []*opened, v view) {
	from := 0
	if i := slices.IndexFunc(part, func(o *opened) bool { return o.ID == v.After }); i >= 0 {
		from = i + 1
	}
	session := ""
	known := x.numbers()
	for i := from; i < len(part); i++ {
		o := part[i]
		select {
		case <-o.ready:
		case <-r.Context().Done():
			return
		}
		sh := shown{opened: o}
		for _, row := range o.rows {
			if !row.IsGap() {
				sh.Actions++
			}
			if v.Filter.takes(row) && (v.Filter.IsZero() || !row.IsGap()) {
				sh.Rows = append(sh.Rows, row)
			}
		}
		sh.Hidden = len(sh.Rows) < len(o.rows)
		if len(sh.Rows) == 0 && !v.Filter.IsZero() {
			continue
		}
		slices.Reverse(sh.Rows)
		sh.NewSession = o.session != session && o.damage == ""
		if o.damage == "" {
			session = o.session
		}
		if v.Filter.IsZero() && i+1 < len(part) {
			sh.Missing = missing(part[i+1], o, known)
		}
		p.Boxes = append(p.Boxes, sh)
		if p.Hits += len(sh.Rows); p.Hits >= pageRows && i+1 < len(part) {
			v.After, v.Ask, v.Send, v.Note = o.ID, nil, nil, ""
			p.More = s.views.keep(v)
			return
		}
	}
}

// begins is the day that is read first.
func (x *index) begins() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.first
}

// numbers are those that are accounted for on this computer: by a box, or by the tombstone of one that was cut.
func (x *index) numbers() map[uint64]bool {
	known := map[uint64]bool{}
	for _, o := range x.all() {
		known[o.Sequence] = true
	}
	for _, n := range x.mine.Stones() {
		known[n] = true
	}
	return known
}

// mostMissing bounds how many numbers are looked at one by one.
const mostMissing = 1 << 16

// missing is how many numbers between two boxes stand for nothing here. A box that stands for others stands where they stood.
func missing(older, newer *opened, known map[uint64]bool) (n uint64) {
	<-older.ready
	from, to := older.stands(), newer.stands()
	if from == 0 || to <= from+1 {
		return 0
	}
	if to-from > mostMissing {
		return to - from - 1
	}
	for k := from + 1; k < to; k++ {
		if !known[k] {
			n++
		}
	}
	return n
}

// stands is its number, or the first one that it stands for.
func (o *opened) stands() uint64 {
	if len(o.cut) > 0 {
		return o.cut[0]
	}
	return o.Sequence
}

// waitFor waits until all of the boxes are read, but not longer than most.
func waitFor(r *http.Request, boxes []*opened, most time.Duration) {
	t := time.NewTimer(most)
	defer t.Stop()
	for _, o := range boxes {
		select {
		case <-o.ready:
		case <-t.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// look reads the form of the filter and goes on to its view.
func (s *server) look(w http.ResponseWriter, r *http.Request, _ *index) {
	v := view{Day: clip(r.PostForm.Get("day")), Filter: filterOf(r.PostForm)}
	http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
}

func filterOf(v url.Values) filter {
	words := v.Get("words")
	f := filter{Words: words[:min(len(words), 256)]}
	if app, err := hex.DecodeString(v.Get("app")); err == nil {
		f.App = string(app)
	}
	if c, ok := policy.ClassNamed(v.Get("class")); ok {
		f.Class = c
	}
	return f
}

// frame serves one picture as it is stored, from RAM.
func (s *server) frame(w http.ResponseWriter, r *http.Request, x *index) {
	o := x.find(r.PathValue("box"))
	n, err := strconv.Atoi(r.PathValue("n"))
	if o == nil || err != nil {
		s.missing(w, r)
		return
	}
	p, err := x.payload(o)
	if err != nil || n < 0 || n >= len(p.GetFrames()) || p.GetFrames()[n].GetFormat() != "png" {
		s.missing(w, r)
		return
	}
	writePNG(w, p.GetFrames()[n].GetImage())
}

// What a template may ask of a row.

// IsGap tells that this is time that was not recorded.
func (r row) IsGap() bool { return r.action == nil && r.task == nil }

// Task is what the person said that they are doing, nil for anything else.
func (r row) Task() *pb.Task { return r.task }

// Began tells that a task begins.
func (r row) Began() bool { return r.task.GetStep() == pb.TaskStep_TASK_STEP_STARTED }

// Failed tells that a task did not work.
func (r row) Failed() bool { return r.task.GetStep() == pb.TaskStep_TASK_STEP_FAILED }

// At is when it began; coarse, as it is stored.
func (r row) At() time.Time { return r.at }

// Why says why the time was not recorded.
func (r row) Why() string { return Why(r.gap) }

// Lasted is how long the gap or action took, in words.
func (r row) Lasted() string { return lasted(r.until.Sub(r.at)) }

// Did says what was done.
func (r row) Did() string { return did(r.action) }

// Where says at which place of the window.
func (r row) Where() string { return where(r.action) }

// App is the application.
func (r row) App() string { return r.app }

// Action is the action itself, nil for a gap.
func (r row) Action() *pb.Action { return r.action }

// Longs are the names of an action that are not shown whole where it is told: any program chooses how long its title is.
func (r row) Longs() (out []long) {
	for _, l := range []long{{"title", r.action.GetWindow().GetTitle()}, {"name", r.action.GetElement().GetName()}} {
		if brief(l.Text) != policy.Inert(l.Text) {
			out = append(out, l)
		}
	}
	return out
}

// long is one of them.
type long struct{ What, Text string }

// mostBrief is how many letters of a name stand in a row: about two lines on a large screen, four on a small one.
const mostBrief = 160

// brief is a name, or its beginning, as harmless text.
func brief(s string) string {
	n := 0
	for i := range s {
		if n == mostBrief {
			return policy.Inert(s[:i]) + "…"
		}
		n++
	}
	return policy.Inert(s)
}

// Pieces are the typed text, cut at its tokens.
func (r row) Pieces() []piece { return pieces(r.action.GetText()) }

// Before is the picture before the action, nil if there is none.
func (r row) Before() *shot { return r.before }

// After is the picture after it.
func (r row) After() *shot { return r.after }
