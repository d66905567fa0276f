package review

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	firstDelay = time.Second
	mostDelay  = 16 * time.Second
)

// lock is who may see what was recorded: whoever knows the passphrase. Every wrong one makes the next try wait longer.
type lock struct {
	mu    sync.Mutex // one try at a time
	delay time.Duration
	next  time.Time // before this no try is made

	see sync.Mutex // guards what follows
	x   *index
}

// index is what was opened, nil while it is locked.
func (l *lock) index() *index {
	l.see.Lock()
	defer l.see.Unlock()
	return l.x
}

// set puts another index, or none, in the place of the one before, which is forgotten.
func (l *lock) set(x *index) {
	l.see.Lock()
	before := l.x
	l.x = x
	l.see.Unlock()
	if before != nil {
		before.end()
	}
}

// farLimit is how long all of a person's boxes may take to come.
const farLimit = 30 * time.Minute

// Away is why nothing can be opened now, though nothing was wrong with what was typed.
type Away struct{ Why error }

// Error says why.
func (a Away) Error() string { return a.Why.Error() }

// locked asks for the passphrase.
type locked struct {
	Wrong bool
	Able  bool // there is something that a passphrase could open
}

// unlock takes the passphrase or the recovery code. It never says which of the two was wrong, or why.
func (s *server) unlock(w http.ResponseWriter, r *http.Request) {
	secret := []byte(r.PostForm.Get("secret"))
	defer clear(secret)
	r.PostForm.Del("secret")
	if s.opt.Desk.Unlock == nil {
		s.say(w, http.StatusOK, "locked", locked{})
		return
	}
	l := &s.lock
	l.mu.Lock()
	defer l.mu.Unlock()
	if !s.wait(r, l.next.Sub(s.opt.Now())) {
		return
	}
	if s.opt.Desk.Far { // what is fetched may take longer than any page
		if err := http.NewResponseController(w).SetWriteDeadline(s.opt.Now().Add(farLimit)); err != nil {
			s.trouble(w, err)
			return
		}
	}
	mine, err := s.opt.Desk.Unlock(r.Context(), secret)
	if away := (Away{}); errors.As(err, &away) {
		s.trouble(w, away.Why)
		return
	}
	if err != nil {
		l.delay = min(max(2*l.delay, firstDelay), mostDelay)
		l.next = s.opt.Now().Add(l.delay)
		s.say(w, http.StatusForbidden, "locked", locked{Wrong: true, Able: true})
		return
	}
	l.delay = 0
	x := newIndex(mine)
	l.set(x)
	if err := x.refresh(r.Context()); err != nil { // reading begins while the browser goes on to the page
		s.trouble(w, err)
		return
	}
	x.looked.Store(true)
	http.Redirect(w, r, "/recorded", http.StatusSeeOther)
}

// rest waits, and tells whether the visitor is still there.
func rest(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// lockAgain forgets what was opened; the page stays.
func (s *server) lockAgain(w http.ResponseWriter, r *http.Request) {
	s.lock.set(nil)
	s.views.clear()
	http.Redirect(w, r, "/recorded", http.StatusSeeOther)
}

// unlocked wraps a page that needs the person's key. The folder is looked at anew each time.
func (s *server) unlocked(page func(http.ResponseWriter, *http.Request, *index)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x := s.lock.index()
		if x == nil {
			s.say(w, http.StatusOK, "locked", locked{Able: s.opt.Desk.Unlock != nil})
			return
		}
		if !x.looked.CompareAndSwap(true, false) { // the first page follows the unlocking at once
			if err := x.refresh(r.Context()); err != nil {
				s.trouble(w, err)
				return
			}
		}
		if r.URL.Path != "/recorded" {
			x.goOn() // it may need any box
		}
		page(w, r, x)
	}
}

// unlockedFrame is unlocked for pictures: a page has many, and each would look at the folder again.
func (s *server) unlockedFrame(page func(http.ResponseWriter, *http.Request, *index)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if x := s.lock.index(); x != nil {
			page(w, r, x)
			return
		}
		s.missing(w, r)
	}
}
