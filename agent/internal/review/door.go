package review

import (
	"net/http"

	"github.com/byleave/byleave/proto/page"
)

// ServeHTTP is the door of every page.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page.Headers(w.Header())
	if !s.door.Local(r) {
		s.say(w, http.StatusForbidden, "refused", nil)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// open trades the address for a session. Whoever comes second is told so.
func (s *server) open(w http.ResponseWriter, r *http.Request) {
	if !s.door.Open(w, r, r.PathValue("token"), s.opt.Now()) {
		s.say(w, http.StatusForbidden, "used", nil)
		return
	}
	s.idle.Reset(s.opt.Idle)
}

// inside wraps a page that only the holder of the session sees. A request that changes something also proves that it comes from
// one of our forms.
func (s *server) inside(show http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.door.Knows(r) {
			s.say(w, http.StatusForbidden, "used", nil)
			return
		}
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if err := r.ParseForm(); err != nil {
				s.say(w, http.StatusRequestEntityTooLarge, "refused", nil)
				return
			}
			if !s.door.Proves(r.PostForm.Get("proof")) {
				s.say(w, http.StatusForbidden, "refused", nil)
				return
			}
		}
		s.idle.Reset(s.opt.Idle)
		show(w, r)
	})
}
