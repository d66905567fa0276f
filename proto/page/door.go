package page

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed" // the style sheet
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Style is the sheet of every page.
//
//go:embed style.css
var Style []byte

// TokenLife is after how long an address that nobody opened is dead.
const TokenLife = 5 * time.Minute

// Door is who may pass: whoever opened the address first holds the session, nobody else ever does.
type Door struct {
	host   string // the only one that is answered
	cookie string // name, with the port: cookies know no ports
	proof  string // stands in every form; a page that cannot read ours cannot know it

	mu      sync.Mutex
	token   string // works once; empty once it did
	dies    time.Time
	session string // empty until the token was used
}

// NewDoor is a door at host, an address with its port, that nobody passed yet.
func NewDoor(host string, now time.Time) *Door {
	port := host[strings.LastIndexByte(host, ':')+1:]
	return &Door{host: host, cookie: "byleave-" + port, token: secret(), proof: secret(), dies: now.Add(TokenLife)}
}

// secret is 256 random bits that fit into an address.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails; the runtime ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// Address is what opens the page once. Ask for it before somebody may have opened it.
func (d *Door) Address() string { return "http://" + d.host + "/open/" + d.token }

// Proof is what stands in every form.
func (d *Door) Proof() string { return d.proof }

// Proves tells whether this is what stands in our forms.
func (d *Door) Proves(proof string) bool { return Same(proof, d.proof) }

// Open gives a session for the token, once, and takes the browser to the first page. False means no, and that nothing was answered.
func (d *Door) Open(w http.ResponseWriter, r *http.Request, token string, now time.Time) bool {
	session := d.trade(token, now)
	if session == "" {
		return false
	}
	http.SetCookie(w, &http.Cookie{Name: d.cookie, Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return true
}

// trade gives a session for the token, once. The empty string means no.
func (d *Door) trade(token string, now time.Time) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.token == "" || !Same(token, d.token) || !now.Before(d.dies) {
		return ""
	}
	d.token, d.session = "", secret()
	return d.session
}

// Knows tells whether the request carries the session.
func (d *Door) Knows(r *http.Request) bool {
	c, err := r.Cookie(d.cookie)
	if err != nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.session != "" && Same(c.Value, d.session)
}

// Same compares in constant time.
func Same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Local tells whether a request was meant for this page and comes from it: a foreign name that points here (DNS rebinding) and
// whatever another page sends are turned away. Browsers without the Sec-Fetch headers must name their origin to change anything.
func (d *Door) Local(r *http.Request) bool {
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

// Headers keep the page from being framed, cached, sniffed, or from reaching for anything beyond itself.
func Headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
