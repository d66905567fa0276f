package review

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

const (
	mostRows = 1 << 20 // what the index holds; older boxes are counted and not read
	readers  = 2       // boxes that are opened at once
	mostOpen = 4       // payloads that are kept for their frames
)

// index is what was recorded, in RAM, without frames. It is gone when the page closes.
type index struct {
	mine Mine

	mu    sync.Mutex
	boxes []*opened // the newest first
	byID  map[string]*opened
	open  []kept            // the last payloads, the newest last
	draft map[string]*draft // what is being cut, by box
	done  bool              // nothing is read any more

	calm   chan struct{} // closed once the first page is out: then older days are read, too
	first  string        // the newest day, which is read before
	quiet  sync.Once
	looked atomic.Bool // unlocking has just looked at the folder
	rows   atomic.Int64
	left   atomic.Int64 // boxes that are not read yet
	work   sync.WaitGroup
}

// opened is a box and, once ready is closed, what it holds.
type opened struct {
	Box
	ready   chan struct{}
	rows    []row
	session string
	apps    []string
	frames  int
	cut     []uint64 // the numbers of the boxes in whose place it stands
	damage  string   // why it does not open; empty if it does
	beyond  bool     // not read: the index is full
}

// kept is a payload whose frames are being looked at.
type kept struct {
	id      string
	payload *pb.Payload
}

// row is one action or gap, as it is shown and searched.
type row struct {
	at, until     time.Time
	gap           pb.Reason // set: time that was not recorded
	kind          pb.Kind
	app           string
	action        *pb.Action
	task          *pb.Task
	before, after *shot // nil: there is none
	classes       policy.Classes
	search        string // all its texts, in small letters
}

// shot is a picture of an action: its place among the frames of the payload, and its size, so that a page has the room for it before it is there.
type shot struct {
	N             int
	Width, Height uint32
}

func newIndex(m Mine) *index {
	return &index{mine: m, byID: map[string]*opened{}, calm: make(chan struct{})}
}

// goOn lets older days be read. Until then only the newest one is, so that nothing competes with the first page for the processor.
func (x *index) goOn() { x.quiet.Do(func() { close(x.calm) }) }

// afterPaint is how long a browser has for the first page before the rest is read.
const afterPaint = 150 * time.Millisecond

// refresh looks at the folder again. What was opened stays open, what is gone is dropped, what is new is read, the newest first.
func (x *index) refresh(ctx context.Context) error {
	boxes, err := x.mine.Boxes(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(boxes, func(a, b Box) int {
		return cmp.Or(b.From.Compare(a.From), cmp.Compare(b.Sequence, a.Sequence), strings.Compare(a.ID, b.ID))
	})
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.done {
		return nil
	}
	byID := make(map[string]*opened, len(boxes))
	all := make([]*opened, 0, len(boxes))
	var fresh []*opened
	for _, b := range boxes {
		o := x.byID[b.ID]
		if o == nil {
			o = &opened{Box: b, ready: make(chan struct{})}
			fresh = append(fresh, o)
		} else if isReady(o) && o.moved(b) {
			moved := *o // others may be reading the old one
			moved.Box = b
			o = &moved
		}
		byID[b.ID] = o
		all = append(all, o)
	}
	for id, o := range x.byID {
		if byID[id] == nil && isReady(o) {
			x.rows.Add(-int64(len(o.rows)))
		}
	}
	x.boxes, x.byID = all, byID
	x.open = slices.DeleteFunc(x.open, func(k kept) bool { return byID[k.id] == nil })
	maps.DeleteFunc(x.draft, func(id string, _ *draft) bool { return byID[id] == nil })
	x.read(fresh)
	return nil
}

// moved tells that a box stands otherwise than it did.
func (o *opened) moved(b Box) bool {
	return o.State != b.State || o.Next != b.Next || o.Released != b.Released || !o.Leaves.Equal(b.Leaves)
}

// undated tells that nobody knows from when it is.
func (o *opened) undated() bool { return o.State == Aside && o.Sequence == 0 }

func isReady(o *opened) bool {
	select {
	case <-o.ready:
		return true
	default:
		return false
	}
}

// read opens boxes in their order, a few at once. x.mu is held.
func (x *index) read(fresh []*opened) {
	x.left.Add(int64(len(fresh)))
	for i := 0; i < len(fresh) && x.first == ""; i++ {
		if !fresh[i].undated() {
			x.first = dayOf(fresh[i])
		}
	}
	first := x.first
	var next atomic.Int64
	for range min(readers, len(fresh)) {
		x.work.Go(func() {
			for i := next.Add(1); int(i) <= len(fresh); i = next.Add(1) {
				if dayOf(fresh[i-1]) != first {
					<-x.calm
				}
				x.fill(fresh[i-1])
				x.left.Add(-1)
			}
		})
	}
}

// fill opens one box and keeps what is shown of it, but for its frames. One that does not open says why and stops nobody.
func (x *index) fill(o *opened) {
	defer close(o.ready)
	if x.ended() {
		return
	}
	if o.beyond = x.rows.Load() >= mostRows; o.beyond {
		return
	}
	p, err := o.Open()
	if err != nil {
		o.damage = o.Damage(err)
		return
	}
	o.rows, o.apps = rowsOf(p)
	for _, t := range p.GetInsteadOf() {
		o.cut = append(o.cut, t.GetSequence())
	}
	o.session, o.frames = string(p.GetSession()), len(p.GetFrames())
	x.rows.Add(int64(len(o.rows)))
}

func (x *index) ended() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.done
}

// all is every box, the newest first.
func (x *index) all() []*opened {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.boxes
}

func (x *index) find(id string) *opened {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.byID[id]
}

// payload opens a box whole, for its frames or to show it as it leaves.
func (x *index) payload(o *opened) (*pb.Payload, error) {
	x.mu.Lock()
	i := slices.IndexFunc(x.open, func(k kept) bool { return k.id == o.ID })
	if i >= 0 {
		defer x.mu.Unlock()
		return x.open[i].payload, nil
	}
	x.mu.Unlock()
	p, err := o.Open()
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.done && x.byID[o.ID] != nil {
		x.open = append(x.open, kept{o.ID, p})
		x.open = slices.Delete(x.open, 0, max(0, len(x.open)-mostOpen))
	}
	return p, nil
}

// end forgets all of it and returns when nothing is read any more.
func (x *index) end() {
	x.mu.Lock()
	x.done, x.boxes, x.byID, x.open, x.draft = true, nil, nil, nil, nil
	x.mu.Unlock()
	x.goOn() // whoever waits finds that it is over
	x.work.Wait()
}

// rowsOf is what is shown of a payload, in its order, and the applications in it.
func rowsOf(p *pb.Payload) (rows []row, apps []string) {
	frames := make(map[string]*shot, len(p.GetFrames()))
	for i, f := range p.GetFrames() {
		frames[string(f.GetSha256())] = &shot{i, f.GetWidth(), f.GetHeight()}
	}
	start := time.UnixMilli(p.GetStartedAt())
	after := func(ms int64) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	rows = make([]row, 0, len(p.GetEvents()))
	for _, e := range p.GetEvents() {
		r := row{at: after(e.GetAtMs())}
		if g := e.GetGap(); g != nil {
			r.until, r.gap = after(g.GetEndMs()), cmp.Or(g.GetReason(), pb.Reason_REASON_BLIND)
		} else if t := e.GetTask(); t != nil {
			r.until, r.task, r.search = r.at, t, strings.ToLower(t.GetText())
		} else {
			r.of(e.GetAction(), frames)
			if !slices.Contains(apps, r.app) {
				apps = append(apps, r.app)
			}
		}
		rows = append(rows, r)
	}
	return rows, apps
}

// of fills in an action.
func (r *row) of(a *pb.Action, frames map[string]*shot) {
	r.action, r.kind, r.app = a, a.GetKind(), a.GetWindow().GetApplication()
	r.until = r.at.Add(time.Duration(a.GetDurationMs()) * time.Millisecond)
	for _, f := range []struct {
		ref *pb.FrameRef
		to  **shot
	}{{a.GetBefore(), &r.before}, {a.GetAfter(), &r.after}} {
		if i, ok := frames[string(f.ref.GetSha256())]; ok && len(f.ref.GetSha256()) > 0 {
			*f.to = i
			r.classes = r.classes.With(policy.Frames)
		}
	}
	switch r.kind {
	case pb.Kind_KIND_CLICK, pb.Kind_KIND_DRAG, pb.Kind_KIND_SCROLL:
		r.classes = r.classes.With(policy.Pointer)
	case pb.Kind_KIND_TEXT:
		r.classes = r.classes.With(policy.Text)
	}
	if r.kind == pb.Kind_KIND_HOTKEY || a.GetHotkey() != "" { // or keys that were held at a press
		r.classes = r.classes.With(policy.Hotkeys)
	}
	if a.GetElement() != nil {
		r.classes = r.classes.With(policy.Elements)
	}
	r.search = strings.ToLower(strings.Join([]string{
		a.GetText().GetNet(), a.GetWindow().GetTitle(), a.GetElement().GetName(), a.GetElement().GetRole(), a.GetHotkey(), r.app,
	}, "\n"))
}

// filter is what a person looks for. The zero filter is everything.
type filter struct {
	App   string
	Class policy.Class // 0: every kind
	Words string
}

// IsZero tells that everything is looked for.
func (f filter) IsZero() bool { return f == filter{} }

// takes tells whether a row is looked for. Gaps stand in no application and hold no words.
func (f filter) takes(r row) bool {
	return (f.App == "" || r.app == f.App) && (f.Class == 0 || r.classes.Has(f.Class)) &&
		(f.Words == "" || strings.Contains(r.search, strings.ToLower(f.Words)))
}
