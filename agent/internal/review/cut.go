package review

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/byleave/byleave/proto/pb"
)

// draft is what somebody is about to take out of a box. It lies in RAM until it is carried out or the page is locked.
type draft struct {
	mu     sync.Mutex // one press at a time
	cut    Cut
	corner *corner     // the first of two of an area
	left   *pb.Payload // as it was shown to be left; nil before
	whole  bool        // nothing would be left
}

// corner is a press on a picture.
type corner struct {
	frame string
	x, y  int
}

// draftOf is the draft of a box, begun if there is none.
func (x *index) draftOf(id string) *draft {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.draft == nil {
		x.draft = map[string]*draft{}
	}
	if x.draft[id] == nil {
		x.draft[id] = &draft{}
	}
	return x.draft[id]
}

func (x *index) dropDraft(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.draft, id)
}

// cutting is the page on which something is taken out of a held box.
type cutting struct {
	Box     Box
	Lines   []line
	Words   string
	Frames  []cutFrame
	Problem string
}

// line is a row with what the templates need beside it.
type line struct {
	row
	Place int    // among the events of the box
	Base  string // where its pictures are
	Out   bool   // it is taken out
	Words string // its typed text as it would be
	Typed bool   // it has a typed text that can be changed
}

// cutFrame is one picture of the box.
type cutFrame struct {
	N     int
	Name  string
	Out   bool
	Areas int
	W, H  uint32
}

// heldBox is a box out of which something can be taken; else the answer is given.
func (s *server) heldBox(w http.ResponseWriter, r *http.Request, x *index) (*opened, *pb.Payload, *draft) {
	o := x.find(r.PathValue("box"))
	if o == nil {
		s.missing(w, r)
		return nil, nil, nil
	}
	<-o.ready
	if o.State != Held || o.damage != "" {
		s.say(w, http.StatusConflict, "trouble", "Nothing can be taken out of this box: what was sent, or does not open, can only be deleted whole.")
		return nil, nil, nil
	}
	p, err := x.payload(o)
	if err != nil {
		s.trouble(w, err)
		return nil, nil, nil
	}
	return o, p, x.draftOf(o.ID)
}

func (s *server) cutPage(w http.ResponseWriter, r *http.Request, x *index) {
	o, p, d := s.heldBox(w, r, x)
	if o == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.say(w, http.StatusOK, "cut", cuttingOf(o, p, d, ""))
}

func cuttingOf(o *opened, p *pb.Payload, d *draft, problem string) cutting {
	rows, _ := rowsOf(p)
	c := cutting{Box: o.Box, Words: strings.Join(d.cut.Words, "\n"), Problem: problem}
	for i, r := range rows {
		l := line{row: r, Place: i, Base: "/frame/" + o.ID + "/", Out: slices.Contains(d.cut.Events, i)}
		if t := r.action.GetText(); t != nil && !t.GetWithheld() {
			l.Typed, l.Words = true, t.GetNet()
			if words, ok := d.cut.Texts[i]; ok {
				l.Words = words
			}
		}
		c.Lines = append(c.Lines, l)
	}
	for i, f := range p.GetFrames() {
		name := hex.EncodeToString(f.GetSha256())
		n := 0
		for _, a := range d.cut.Areas {
			if a.Frame == name {
				n++
			}
		}
		c.Frames = append(c.Frames, cutFrame{i, name, slices.Contains(d.cut.Frames, name), n, f.GetWidth(), f.GetHeight()})
	}
	return c
}

// cutForm takes the form over, and goes on to a picture or to what would be left.
func (s *server) cutForm(w http.ResponseWriter, r *http.Request, x *index) {
	o, p, d := s.heldBox(w, r, x)
	if o == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read(r, p)
	to, n, _ := strings.Cut(r.PostForm.Get("do"), " ")
	switch to {
	case "picture":
		if i, err := strconv.Atoi(n); err == nil && i >= 0 && i < len(p.GetFrames()) {
			http.Redirect(w, r, "/cut/"+o.ID+"/picture/"+n, http.StatusSeeOther)
			return
		}
		s.missing(w, r)
	case "nothing":
		x.dropDraft(o.ID)
		http.Redirect(w, r, "/recorded", http.StatusSeeOther)
	default:
		if err := s.tryCut(r.Context(), x, o, d); err != nil {
			s.say(w, http.StatusUnprocessableEntity, "cut", cuttingOf(o, p, d, err.Error()))
			return
		}
		http.Redirect(w, r, "/cut/"+o.ID+"/left", http.StatusSeeOther)
	}
}

// read takes from the form what can be in it; everything is held against the box once more when it is cut.
func (d *draft) read(r *http.Request, p *pb.Payload) {
	d.left, d.whole = nil, false
	c := Cut{Areas: d.cut.Areas, Texts: map[int]string{}}
	for _, v := range r.PostForm["event"] {
		if i, err := strconv.Atoi(v); err == nil && i >= 0 && i < len(p.GetEvents()) {
			c.Events = append(c.Events, i)
		}
	}
	for i, e := range p.GetEvents() {
		field := "text-" + strconv.Itoa(i)
		if t := e.GetAction().GetText(); t != nil && !t.GetWithheld() && r.PostForm.Has(field) && !slices.Contains(c.Events, i) {
			if words := lines(r.PostForm.Get(field)); words != lines(PlainText(t.GetNet())) { // as the form showed it
				c.Texts[i] = words
			}
		}
	}
	for w := range strings.SplitSeq(lines(r.PostForm.Get("words")), "\n") {
		if w = strings.TrimSpace(w); w != "" {
			c.Words = append(c.Words, w)
		}
	}
	for _, f := range p.GetFrames() {
		if name := hex.EncodeToString(f.GetSha256()); slices.Contains(r.PostForm["frame"], name) {
			c.Frames = append(c.Frames, name)
		}
	}
	d.cut = c
}

// lines is a text with the line ends of a recording; forms send others.
func lines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// tryCut finds out what would be left.
func (s *server) tryCut(ctx context.Context, x *index, o *opened, d *draft) error {
	if d.cut.IsZero() {
		return fmt.Errorf("Nothing is chosen yet.") //nolint:staticcheck // it is shown as a sentence
	}
	left, err := x.mine.Narrow(ctx, o.ID, d.cut)
	if err != nil {
		return err
	}
	d.left, d.whole = left, left == nil
	return nil
}

// cutLeft is the page that shows what would be left, before anything is done.
type cutLeft struct {
	Box     Box
	Whole   bool
	Lines   []line
	Gone    int // actions
	Frames  int // pictures that go
	Changed int // texts
	Black   int // areas
	Words   int
}

// leftPage shows what would be left, and nothing else of the box.
func (s *server) leftPage(w http.ResponseWriter, r *http.Request, x *index) {
	o, p, d := s.heldBox(w, r, x)
	if o == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil && !d.whole {
		http.Redirect(w, r, "/cut/"+o.ID, http.StatusSeeOther)
		return
	}
	l := cutLeft{Box: o.Box, Whole: d.whole, Changed: len(d.cut.Texts), Black: len(d.cut.Areas), Words: len(d.cut.Words)}
	rows, _ := rowsOf(d.left)
	for i, row := range rows {
		l.Lines = append(l.Lines, line{row: row, Place: i, Base: "/cut/" + o.ID + "/left/"})
	}
	l.Gone, l.Frames = len(p.GetEvents())-len(d.left.GetEvents()), len(p.GetFrames())-len(d.left.GetFrames())
	s.say(w, http.StatusOK, "left", l)
}

// leftFrame is a picture as it would be left.
func (s *server) leftFrame(w http.ResponseWriter, r *http.Request, x *index) {
	d := x.draftOf(r.PathValue("box"))
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(d.left.GetFrames()) {
		s.missing(w, r)
		return
	}
	writePNG(w, d.left.GetFrames()[n].GetImage())
}

// cutNow carries out what was shown.
func (s *server) cutNow(w http.ResponseWriter, r *http.Request, x *index) {
	o, _, d := s.heldBox(w, r, x)
	if o == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil && !d.whole {
		http.Redirect(w, r, "/cut/"+o.ID, http.StatusSeeOther)
		return
	}
	v := view{Day: o.From.Local().Format(dayForm)}
	whole, err := x.mine.Cut(r.Context(), o.ID, d.cut)
	if err != nil {
		s.trouble(w, err)
		return
	}
	v.Note = "It is taken out. What is left is sealed anew, and its hold begins again. The old box is destroyed."
	if whole {
		v.Note = "Nothing was left, so the box is destroyed."
	}
	d.left, d.whole, d.cut = nil, false, Cut{}
	x.dropDraft(o.ID)
	http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
}

func writePNG(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Type", "image/png")
	if _, err := w.Write(b); err != nil {
		return // the browser left
	}
}

// Sealing says how far the hold of a box has gone, in hundredths.
func (b Box) Sealing(now time.Time) int {
	hold := b.Leaves.Sub(b.Sealed)
	if b.Sealed.IsZero() || hold <= 0 {
		return 0
	}
	return int(min(max(now.Sub(b.Sealed)*100/hold, 0), 100))
}
