package review

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/page"
	"github.com/byleave/byleave/proto/pb"
)

// ask is the page with the notice, the example and the choice.
type ask struct {
	View
	Notice   []policy.Section
	Example  []Step
	Policy   *pb.Policy
	Digest   string
	Kinds    []class // offered for every application, without text
	Text     bool    // typed text is asked for
	Lengths  []length
	Form     form
	Problems []problem
	Ended    bool
	MayGive  bool
}

func (a ask) view() View { return a.View }

// Open tells whether there is a question to answer: nothing in force, or something wider.
func (a ask) Open() bool { return a.Consent.IsZero() || len(policy.Wider(a.Changes)) > 0 }

// class is one kind of data as it is offered.
type class struct {
	ID, Words string
	Class     policy.Class
}

// At names the problem of a field, nil if there is none.
func (a ask) At(field string) *problem {
	i := slices.IndexFunc(a.Problems, func(p problem) bool { return p.Field == field })
	if i < 0 {
		return nil
	}
	return &a.Problems[i]
}

func (s *server) ask(w http.ResponseWriter, r *http.Request) {
	a, err := s.asked(r)
	if err != nil {
		s.trouble(w, err)
		return
	}
	s.say(w, http.StatusOK, "ask", a)
}

// asked is the page without anything ticked.
func (s *server) asked(r *http.Request) (ask, error) {
	v, err := s.opt.Desk.Look(r.Context())
	if err != nil {
		return ask{}, err
	}
	a := ask{View: v, MayGive: s.opt.MayGive, Example: Example()}
	if v.Newest.IsZero() {
		return a, nil
	}
	if a.Notice, err = policy.Sections(v.Newest); err != nil {
		return ask{}, err
	}
	now := s.opt.Now()
	a.Policy, a.Ended, a.Lengths = v.Newest.Message(), !now.Before(v.Newest.Expires()), lengthsFor(v.Newest, now)
	digest := v.Newest.Digest()
	a.Digest = hex.EncodeToString(digest[:])
	for _, c := range policy.AllClasses() {
		switch {
		case !v.Newest.Offered().Has(c):
		case c == policy.Text:
			a.Text = true
		default:
			a.Kinds = append(a.Kinds, class{c.String(), c.InWords(), c})
		}
	}
	return a, nil
}

// answered reads the form against the policy that is asked now. A page that showed another policy does not count.
func (s *server) answered(r *http.Request) (ask, policy.Choice, error) {
	a, err := s.asked(r)
	if err != nil {
		return a, policy.Choice{}, err
	}
	if a.View.Newest.IsZero() || a.Ended || !a.MayGive {
		return a, policy.Choice{}, nil
	}
	a.Form = readForm(r.PostForm, a.Policy)
	if !page.Same(r.PostForm.Get("policy"), a.Digest) {
		a.Form, a.Problems = readForm(nil, a.Policy), []problem{{"notice", "What is asked changed while you were reading. Nothing was agreed. Please read it again."}}
		return a, policy.Choice{}, nil
	}
	c, missing := a.Form.choice(a.View.Newest, s.opt.Now())
	a.Problems = missing
	return a, c, nil
}

// check is the page that says back what was chosen and takes the typed yes.
type check struct {
	ask
	Chosen []grant
	Hours  []*pb.Hours
	Until  time.Time
	Wrong  bool // something else than yes was typed
}

func (s *server) check(w http.ResponseWriter, r *http.Request) {
	a, c, err := s.answered(r)
	switch {
	case err != nil:
		s.trouble(w, err)
	case len(c.Grants) == 0 || len(a.Problems) > 0:
		s.say(w, http.StatusUnprocessableEntity, "ask", a)
	default:
		s.say(w, http.StatusOK, "check", checked(a, c))
	}
}

func checked(a ask, c policy.Choice) check {
	out := check{ask: a, Hours: c.Hours, Until: c.Expires}
	for _, app := range a.Policy.GetApplications() {
		if set := c.Grants[app.GetId()]; set != 0 {
			g := grant{ID: app.GetId(), Name: app.GetName()}
			for _, k := range policy.AllClasses() {
				if set.Has(k) {
					g.Kinds = append(g.Kinds, kind{ID: k.String(), Words: k.InWords()})
				}
			}
			out.Chosen = append(out.Chosen, g)
		}
	}
	return out
}

// back shows the form again as it was filled in.
func (s *server) back(w http.ResponseWriter, r *http.Request) {
	a, _, err := s.answered(r)
	if err != nil {
		s.trouble(w, err)
		return
	}
	s.say(w, http.StatusOK, "ask", a)
}

// give takes the typed yes. Anything else than the word changes nothing.
func (s *server) give(w http.ResponseWriter, r *http.Request) {
	a, c, err := s.answered(r)
	switch {
	case err != nil:
		s.trouble(w, err)
		return
	case len(c.Grants) == 0 || len(a.Problems) > 0:
		s.say(w, http.StatusUnprocessableEntity, "ask", a)
		return
	case !strings.EqualFold(strings.TrimSpace(r.PostForm.Get("yes")), "yes"):
		again := checked(a, c)
		again.Wrong = true
		s.say(w, http.StatusUnprocessableEntity, "check", again)
		return
	}
	s.act(w, r, s.opt.Desk.Give(r.Context(), a.View.Newest, c), "given")
}

// refuse ends it: nothing is recorded and nothing is asked again. With a consent in force and nothing new to decide there is
// no question, so it changes nothing.
func (s *server) refuse(w http.ResponseWriter, r *http.Request) {
	s.act(w, r, s.opt.Desk.Refuse(r.Context()), "no")
}

func (s *server) withdraw(w http.ResponseWriter, r *http.Request) {
	s.act(w, r, s.opt.Desk.Withdraw(r.Context()), "withdrawn")
}

// less takes one kind of data of one application back, with one press: less never needs a yes.
func (s *server) less(w http.ResponseWriter, r *http.Request) {
	s.taking.Lock()
	defer s.taking.Unlock()
	v, err := s.opt.Desk.Look(r.Context())
	if err != nil {
		s.trouble(w, err)
		return
	}
	app, name, _ := strings.Cut(r.PostForm.Get("grant"), " ")
	c, ok := policy.ClassNamed(name)
	found := false
	choice := s.lessOf(v, func(a string, k policy.Class) bool {
		this := ok && a == app && k == c
		found = found || this
		return !this
	})
	choice.Gesture = "page: took back " + name + " in " + app
	if !found || len(choice.Grants) == 0 {
		s.missing(w, r)
		return
	}
	s.act(w, r, s.opt.Desk.Less(r.Context(), choice), "less")
}

// act goes on to the page that says what was done, so that a reload does nothing twice.
func (s *server) act(w http.ResponseWriter, r *http.Request, err error, done string) {
	if err != nil {
		s.trouble(w, err)
		return
	}
	http.Redirect(w, r, "/consent/"+done, http.StatusSeeOther)
}

// done says what was done, from how things stand now rather than from what was pressed.
type done struct {
	View
	What string
}

func (d done) view() View { return d.View }

func (s *server) done(w http.ResponseWriter, r *http.Request) {
	v, err := s.opt.Desk.Look(r.Context())
	if err != nil {
		s.trouble(w, err)
		return
	}
	what := strings.TrimPrefix(r.URL.Path, "/consent/")
	holds := map[string]bool{
		"given": !v.Consent.IsZero(), "less": !v.Consent.IsZero(), "no": !v.Refused.IsZero(), "withdrawn": v.Consent.IsZero(),
	}
	if !holds[what] {
		what = "changed"
	}
	s.say(w, http.StatusOK, "done", done{v, what})
}
