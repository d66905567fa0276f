package policy

import (
	"fmt"
	"time"
)

// Rules is the meet of the policy that the consent pins, the newest policy and the consent, compiled. It never changes.
// A nil *Rules and the zero Rules allow nothing.
type Rules struct {
	pinned, newest []application
	excluded       []exclusion // the policies' own; the built-in ones come first in Match
	granted        map[string]Classes
	hours          week
	given, expires time.Time
}

// NewRules compiles the meet. It refuses a consent for another policy (ErrPin), and a newest policy that is older
// (ErrOlder) or wider (ErrWider) than the pinned one: then nothing may be recorded until the person decides.
func NewRules(pinned, newest Policy, c Consent) (*Rules, error) {
	switch {
	case pinned.IsZero() || newest.IsZero():
		return nil, ErrInvalid{"policy", "the policy", "is missing; fetch it from the operator"}
	case c.IsZero():
		return nil, ErrInvalid{"consent", "the consent", "is missing; run `byleave consent give`"}
	case c.PolicyDigest() != pinned.Digest():
		return nil, refuse(ErrPin, "consent: it was given for another policy than version %d; give it again", pinned.Version())
	case newest.Version() < pinned.Version():
		return nil, refuse(ErrOlder, "policy: version %d is older than version %d that the person agreed to; ask the operator for the newest",
			newest.Version(), pinned.Version())
	case newest.Digest() != pinned.Digest():
		if err := Narrower(newest, pinned); err != nil {
			return nil, err
		}
	}
	r := &Rules{
		granted: map[string]Classes{},
		hours:   newWeek(c.message.GetHours()).meet(newWeek(pinned.message.GetHours())).meet(newWeek(newest.message.GetHours())),
		given:   time.Unix(c.message.GetGivenAt(), 0),
		expires: earliest(c.Expires(), pinned.Expires(), newest.Expires()),
	}
	offered := pinned.Offered().Meet(newest.Offered())
	for _, g := range c.message.GetGrants() {
		r.granted[g.GetApplication()] = classesOf(g.GetClasses()).Meet(offered)
	}
	return r, r.compile(pinned, newest)
}

func (r *Rules) compile(pinned, newest Policy) (err error) {
	if r.pinned, err = compileApplications(pinned.message.GetApplications()); err != nil {
		return fmt.Errorf("policy: compiling version %d: %w", pinned.Version(), err)
	}
	if r.newest, err = compileApplications(newest.message.GetApplications()); err != nil {
		return fmt.Errorf("policy: compiling version %d: %w", newest.Version(), err)
	}
	for _, p := range []Policy{pinned, newest} {
		more, err := compileExclusions(p.message.GetExclusions())
		if err != nil {
			return fmt.Errorf("policy: compiling version %d: %w", p.Version(), err)
		}
		r.excluded = append(r.excluded, more...)
	}
	return nil
}

func earliest(first time.Time, rest ...time.Time) time.Time {
	for _, t := range rest {
		if t.Before(first) {
			first = t
		}
	}
	return first
}

// Match tells which application w belongs to, or why none: Excluded (a built-in or policy exclusion, which win over
// everything), Blind (a browser, which shows any site in one window class; or a part of the identity is missing, too long
// or not text), NotAgreed. It names an application only with Allowed.
func (r *Rules) Match(w Window) (app string, why Reason) {
	switch {
	case r == nil || len(r.granted) == 0:
		return "", NoConsent
	case !w.readable():
		return "", Blind
	case builtinMatch(w) != nil || r.excludes(w):
		return "", Excluded
	case w.Class == "" || w.Executable == "" || isBrowser(w):
		return "", Blind
	}
	app = first(r.pinned, w)
	if app == "" || app != first(r.newest, w) || r.granted[app] == 0 {
		return "", NotAgreed
	}
	return app, Allowed
}

func (r *Rules) excludes(w Window) bool {
	for _, x := range r.excluded {
		if x.matches(w) {
			return true
		}
	}
	return false
}

// Expires is when the rules end: the first of the consent's, the pinned policy's and the newest policy's expiry.
func (r *Rules) Expires() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.expires
}

// NextEdge is the first instant after wall at which the hours begin or end, or the consent or a policy ends; the zero time
// if there is none. Hours are read in wall's zone.
func (r *Rules) NextEdge(wall time.Time) time.Time {
	if r == nil || !wall.Before(r.expires) {
		return time.Time{}
	}
	edge := r.expires
	if wall.Before(r.given) {
		edge = earliest(edge, r.given)
	}
	if h := r.hours.next(wall); !h.IsZero() {
		edge = earliest(edge, h)
	}
	return edge
}
