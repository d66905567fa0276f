package review

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// door is who may pass: whoever opened the address first holds the session, nobody else ever does.
type door struct {
	host   string
	cookie string // name, with the port: cookies know no ports
	proof  string // stands in every form; a page that cannot read ours cannot know it

	mu      sync.Mutex
	token   string // works once; empty once it did
	dies    time.Time
	session string // empty until the token was used
}

func newDoor(host string, now time.Time) *door {
	port := host[strings.LastIndexByte(host, ':')+1:]
	return &door{host: host, cookie: "byleave-" + port, token: secret(), proof: secret(), dies: now.Add(tokenLife)}
}

// secret is 256 random bits that fit into an address.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails; the runtime ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// trade gives a session for the token, once. The empty string means no.
func (d *door) trade(token string, now time.Time) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.token == "" || !same(token, d.token) || !now.Before(d.dies) {
		return ""
	}
	d.token, d.session = "", secret()
	return d.session
}

// knows tells whether the request carries the session.
func (d *door) knows(r *http.Request) bool {
	c, err := r.Cookie(d.cookie)
	if err != nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.session != "" && same(c.Value, d.session)
}

// same compares in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// local tells whether a request was meant for this page and comes from it: a foreign name that points here (DNS rebinding) and
// whatever another page sends are turned away. Browsers without the Sec-Fetch headers must name their origin to change anything.
func (d *door) local(r *http.Request) bool {
	if r.Host != d.host {
		return false
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if !slices.Contains([]string{"", "none", "same-origin"}, site) {
		return false
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "http://"+d.host {
		return site != "none"
	}
	return site == "same-origin" && (origin == "null" || origin == "") // what "no-referrer" makes of our own origin
}

// headers keep the page from being framed, cached, sniffed, or from reaching for anything beyond itself.
func headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// ServeHTTP is the door of every page.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	headers(w.Header())
	if !s.door.local(r) {
		s.say(w, http.StatusForbidden, "refused", nil)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// open trades the address for a session. Whoever comes second is told so.
func (s *server) open(w http.ResponseWriter, r *http.Request) {
	session := s.door.trade(r.PathValue("token"), s.opt.Now())
	if session == "" {
		s.say(w, http.StatusForbidden, "used", nil)
		return
	}
	s.idle.Reset(s.opt.Idle)
	http.SetCookie(w, &http.Cookie{Name: s.door.cookie, Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// inside wraps a page that only the holder of the session sees. A request that changes something also proves that it comes from
// one of our forms.
func (s *server) inside(page http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.door.knows(r) {
			s.say(w, http.StatusForbidden, "used", nil)
			return
		}
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if err := r.ParseForm(); err != nil {
				s.say(w, http.StatusRequestEntityTooLarge, "refused", nil)
				return
			}
			if !same(r.PostForm.Get("proof"), s.door.proof) {
				s.say(w, http.StatusForbidden, "refused", nil)
				return
			}
		}
		s.idle.Reset(s.opt.Idle)
		page(w, r)
	})
}
