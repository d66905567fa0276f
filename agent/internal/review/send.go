package review

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/policy"
)

// sendAsk is the question whether what is held may leave now, and what that is.
type sendAsk struct {
	IDs        []string
	Bytes      int64
	Begin, End time.Time
}

// heldNow is what waits, the oldest first.
func heldNow(all []*opened) *sendAsk {
	a := &sendAsk{}
	for _, o := range slices.SortedFunc(slices.Values(all), func(a, b *opened) int { return int(int64(a.Sequence) - int64(b.Sequence)) }) {
		if o.State != Held || o.Sequence == 0 {
			continue
		}
		a.IDs = append(a.IDs, o.ID)
		a.Bytes += o.Size
		if a.Begin.IsZero() || o.From.Before(a.Begin) {
			a.Begin = o.From
		}
		if o.Until.After(a.End) {
			a.End = o.Until
		}
	}
	return a
}

// askSend shows what would leave, on the page on which it was asked.
func (s *server) askSend(w http.ResponseWriter, r *http.Request, x *index) {
	v := s.views.get(r.PostForm.Get("view"))
	v.Note, v.Ask, v.Send = "", nil, heldNow(x.all())
	if len(v.Send.IDs) == 0 {
		v.Note, v.Send = "Nothing waits to leave.", nil
	}
	http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
}

// send lets exactly those boxes leave that were shown; what was sealed since stays.
func (s *server) send(w http.ResponseWriter, r *http.Request, x *index) {
	v := s.views.get(r.PostForm.Get("view"))
	if v.Send == nil {
		v.Note = "Nothing was sent: this page is from before. Please choose again."
		http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
		return
	}
	done, err := x.mine.Send(r.Context(), v.Send.IDs)
	if err != nil {
		s.trouble(w, err)
		return
	}
	v.Send, v.Note = nil, done.sentence()
	http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
}

// sentence says what happens now.
func (d Sending) sentence() string {
	switch {
	case d.Boxes == 0:
		return "Nothing is left of what was shown: it has left already, or was deleted."
	case d.Why != "":
		return fmt.Sprintf("%s may leave now, and %s all the same: %s.", capital(policy.Count(d.Boxes, "box")), waits(d.Boxes), strings.TrimSuffix(d.Why, "."))
	}
	return capital(policy.Count(d.Boxes, "box")) + " may leave now, and will as soon as the collector answers."
}

func waits(n int) string {
	if n == 1 {
		return "waits"
	}
	return "wait"
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
