package review

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/policy"
)

// question is something that the person may want to forget, and what goes with it. Nothing is destroyed before they confirm exactly this.
type question struct {
	From, Until time.Time // the time that is given to the agent
	Begin, End  time.Time // the time that is destroyed, since boxes go whole
	Boxes, Sent int
	Actions     int
	Frames      int
	Beside      int    // actions outside the time that was asked for
	Damaged     int    // boxes that cannot be looked into
	App         string // instead of a time: all of this application
	Cut         int    // of its boxes: these keep what was done elsewhere
	Box         string // instead of a time: this one, or a few that share its seconds
	Digest      string // of the boxes
}

// goes says what is destroyed by forgetting from..until: every box that shares an instant with it.
func goes(all []*opened, from, until time.Time) question {
	a := question{From: from, Until: until}
	var ids strings.Builder
	for _, o := range all {
		if o.From.After(until) || o.Until.Before(from) {
			continue
		}
		<-o.ready
		a.Boxes++
		ids.WriteString(o.ID)
		if o.State == Sent {
			a.Sent++
		}
		if o.damage != "" || o.beyond {
			a.Damaged++
		}
		if a.Begin.IsZero() || o.From.Before(a.Begin) {
			a.Begin = o.From
		}
		if o.Until.After(a.End) {
			a.End = o.Until
		}
		a.Frames += o.frames
		for _, r := range o.rows {
			if r.IsGap() {
				continue
			}
			a.Actions++
			if r.until.Before(from) || r.at.After(until) {
				a.Beside++
			}
		}
	}
	a.Digest = fmt.Sprintf("%x", sha256.Sum256([]byte(ids.String())))
	return a
}

// goesOf says what is destroyed by forgetting an application: its actions in what is held, whole boxes of what was sent.
func goesOf(all []*opened, app string) question {
	a := question{App: app}
	var ids strings.Builder
	for _, o := range all {
		<-o.ready
		if o.damage != "" || o.beyond {
			a.Damaged++
			continue
		}
		if !slices.Contains(o.apps, app) {
			continue
		}
		ids.WriteString(o.ID)
		own, others := 0, 0
		for _, r := range o.rows {
			switch {
			case r.IsGap():
			case r.app == app && r.action != nil:
				own++
			default:
				others++
			}
		}
		a.Actions += own
		switch {
		case o.State == Held && others > 0:
			a.Cut++
		case o.State == Held:
			a.Boxes++
		default:
			a.Boxes++
			a.Sent++
			a.Beside += others
		}
	}
	a.Digest = fmt.Sprintf("%x", sha256.Sum256([]byte(ids.String())))
	return a
}

// goesBox says what is destroyed with one box.
func goesBox(o *opened) question {
	<-o.ready
	a := question{Box: o.ID, Boxes: 1, Frames: o.frames, Begin: o.From, End: o.Until, Digest: o.ID}
	if o.State == Sent {
		a.Sent = 1
	}
	if o.damage != "" || o.beyond {
		a.Damaged = 1
	}
	for _, r := range o.rows {
		if !r.IsGap() {
			a.Actions++
		}
	}
	return a
}

// askForget shows what goes, on the page on which it was asked.
func (s *server) askForget(w http.ResponseWriter, r *http.Request, x *index) {
	v := s.views.get(r.PostForm.Get("view"))
	v.Note = ""
	all := x.all()
	var a question
	if id := r.PostForm.Get("box"); id != "" {
		o := x.find(id)
		if o == nil {
			s.missing(w, r)
			return
		}
		a = goesBox(o)
	} else if app, err := hex.DecodeString(r.PostForm.Get("app")); err == nil && len(app) > 0 {
		a = goesOf(all, string(app))
	} else {
		from, until, err := spanOf(r.PostForm.Get("day"), r.PostForm.Get("from"), r.PostForm.Get("until"))
		if err != nil {
			v.Note = err.Error()
			http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
			return
		}
		a = goes(all, from, until)
	}
	if a.Boxes+a.Cut == 0 {
		v.Note = "Nothing of that is on this computer."
	} else {
		v.Ask = &a
	}
	http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
}

// spanOf reads a time of one day. The end is a minute of the clock and meant whole.
func spanOf(date, from, until string) (a, b time.Time, err error) {
	at := func(clock string) (time.Time, error) {
		return time.ParseInLocation(dayForm+" 15:04", date+" "+clock, time.Local)
	}
	if a, err = at(from); err != nil {
		return a, b, fmt.Errorf("Write both times of day as 09:00.") //nolint:staticcheck // it is shown as a sentence
	}
	if b, err = at(until); err != nil || b.Before(a) {
		return a, b, fmt.Errorf("The end must be a time of day such as 10:30, not before the beginning.") //nolint:staticcheck // as above
	}
	return a, b.Add(time.Minute - time.Second), nil
}

// forget destroys what was shown and confirmed. If other boxes would go by now, it asks again.
func (s *server) forget(w http.ResponseWriter, r *http.Request, x *index) {
	v := s.views.get(r.PostForm.Get("view"))
	if v.Ask == nil {
		v.Note = "Nothing was deleted: this page is from before. Please choose again."
		http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
		return
	}
	now := v.Ask.again(x)
	if now.Digest != v.Ask.Digest {
		v.Ask, v.Note = &now, "Nothing was deleted yet: meanwhile other boxes belong to it. Please look again."
		http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
		return
	}
	done, err := v.Ask.carryOut(r, x.mine)
	if err != nil {
		s.trouble(w, err)
		return
	}
	v.Ask, v.Note, v.After = nil, done.sentence(), ""
	http.Redirect(w, r, "/recorded/"+s.views.keep(v), http.StatusSeeOther)
}

// again is the same question now.
func (a question) again(x *index) question {
	if a.App != "" {
		return goesOf(x.all(), a.App)
	}
	if a.Box == "" {
		return goes(x.all(), a.From, a.Until)
	}
	if o := x.find(a.Box); o != nil {
		return goesBox(o)
	}
	return question{}
}

func (a question) carryOut(r *http.Request, m Mine) (Forgotten, error) {
	switch {
	case a.App != "":
		return m.ForgetApp(r.Context(), a.App)
	case a.Box != "":
		return m.ForgetBox(r.Context(), a.Box)
	}
	return m.Forget(r.Context(), Span{a.From, a.Until})
}

// sentence says what was done.
func (f Forgotten) sentence() string {
	out := "Destroyed on this computer: " + policy.Count(f.Boxes, "box") + "."
	if f.Cut > 0 {
		out += " Out of " + policy.Count(f.Cut, "box") + " more, only its actions and pictures were taken."
	}
	if f.Damaged > 0 {
		out += " " + policy.Count(f.Damaged, "box") + " that do not open were left as they are."
	}
	switch {
	case f.Record != "":
		out += " " + f.Record
	case f.Requested > 0 || f.All:
		out += " The collector has not answered yet; it is asked until it does."
	default:
		out += " Nothing of it had left this computer."
	}
	return out
}

// everything is the page on which all of it is forgotten.
type everything struct {
	Boxes   int
	Problem string
	Done    string
	Code    string
}

func (s *server) askEverything(w http.ResponseWriter, _ *http.Request, x *index) {
	s.say(w, http.StatusOK, "everything", everything{Boxes: len(x.all())})
}

// forgetAll destroys everything and makes a new key of the person's, whose code it shows once. Then the page is locked.
func (s *server) forgetAll(w http.ResponseWriter, r *http.Request, x *index) {
	first, again := r.PostForm.Get("first"), r.PostForm.Get("again")
	if s.opt.Desk.Far { // the key and its code stay the person's
		first, again = "", ""
	}
	e := everything{Boxes: len(x.all())}
	switch {
	case !strings.EqualFold(strings.TrimSpace(r.PostForm.Get("yes")), "yes"):
		e.Problem = "The word yes was not there, so nothing was deleted."
	case first != again:
		e.Problem = "The two passphrases were not the same, so nothing was deleted."
	}
	if e.Problem != "" {
		s.say(w, http.StatusUnprocessableEntity, "everything", e)
		return
	}
	done, err := x.mine.ForgetAll(r.Context(), []byte(first))
	if err != nil && done.Recovery == "" { // nothing was changed
		e.Problem = err.Error()
		s.say(w, http.StatusUnprocessableEntity, "everything", e)
		return
	}
	e.Done, e.Code = done.sentence(), done.Recovery
	if s.opt.Desk.Far {
		e.Done = done.Record
	}
	if err != nil { // the key is new already, and its code must be seen
		e.Done = "Not everything is destroyed yet: " + err.Error() + ". Please try again."
	}
	s.lock.set(nil)
	s.views.clear()
	s.say(w, http.StatusOK, "everything", e)
}
