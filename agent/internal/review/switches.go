package review

import (
	"net/http"

	"github.com/byleave/byleave/policy"
)

// switched says how the switch of one kind of data stands: it shows the consent, and can only be switched off.
type switched struct {
	On    bool
	Last  bool // switching it off would leave nothing: that is withdrawing
	Asked bool // the policy asks for it at all
}

// switchesOf reads the consent in force.
func switchesOf(v View) map[policy.Class]switched {
	on := map[policy.Class]bool{}
	for _, g := range v.Consent.Message().GetGrants() {
		for _, c := range g.GetClasses() {
			on[policy.Class(c)] = true
		}
	}
	n := 0
	for _, c := range kinds() {
		if on[c] {
			n++
		}
	}
	out := map[policy.Class]switched{}
	for _, c := range kinds() {
		out[c] = switched{On: on[c], Last: on[c] && n == 1, Asked: on[c] || !v.Newest.IsZero() && v.Newest.Offered().Has(c)}
	}
	return out
}

// within tells whether a class is c, or part of what c is: where no picture is taken, nothing can be shown again in one.
func within(c, k policy.Class) bool {
	return k == c || c == policy.Frames && (k == policy.Labels || k == policy.Lines)
}

// switchOff takes one kind of data back in every application, with one press. Switching it on again is a consent, and is given where
// consents are given.
func (s *server) switchOff(w http.ResponseWriter, r *http.Request, _ *index) {
	s.taking.Lock()
	defer s.taking.Unlock()
	v, err := s.opt.Desk.Look(r.Context())
	if err != nil {
		s.trouble(w, err)
		return
	}
	c, ok := policy.ClassNamed(r.PostForm.Get("class"))
	if sw := switchesOf(v)[c]; !ok || !sw.On || sw.Last {
		s.missing(w, r)
		return
	}
	choice := s.withoutKind(v, c)
	choice.Gesture = "page: switched " + c.String() + " off"
	if err := s.opt.Desk.Less(r.Context(), choice); err != nil {
		s.trouble(w, err)
		return
	}
	at := s.views.get(r.PostForm.Get("view"))
	at.Ask, at.Send = nil, nil
	at.Note = short(c) + ": off from now on, in every application. What was recorded before stays until you delete it."
	http.Redirect(w, r, "/recorded/"+s.views.keep(at), http.StatusSeeOther)
}

// withoutKind is the consent in force, less one kind of data in every application.
func (s *server) withoutKind(v View, off policy.Class) policy.Choice {
	return s.lessOf(v, func(_ string, k policy.Class) bool { return !within(off, k) })
}

// lessOf is the consent in force, less what keep does not keep.
func (s *server) lessOf(v View, keep func(app string, c policy.Class) bool) policy.Choice {
	m := v.Consent.Message()
	choice := policy.Choice{Grants: map[string]policy.Classes{}, Hours: m.GetHours(), Expires: v.Consent.Expires(), Now: s.opt.Now()}
	for _, g := range m.GetGrants() {
		var set policy.Classes
		for _, k := range g.GetClasses() {
			if keep(g.GetApplication(), policy.Class(k)) {
				set = set.With(policy.Class(k))
			}
		}
		if set != 0 {
			choice.Grants[g.GetApplication()] = set
		}
	}
	return choice
}
