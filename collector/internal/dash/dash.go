package dash

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/page"
)

// Options say what to serve and to whom it is said.
type Options struct {
	Look  func(context.Context) View // asks anew for every page
	Port  uint16                     // of the loopback address; 0: any free one
	Users []int                      // who may look beside the own user, where the system tells who does
	Ready func(address string)       // gets the address that works once
	Idle  time.Duration              // 0 means fifteen minutes
	Now   func() time.Time           // nil means time.Now
}

// Serve shows the page until nobody uses it or ctx ends, and says which. Nothing listens after it returned.
func Serve(ctx context.Context, opt Options) (page.Reason, error) {
	l, err := page.Listen(ctx, opt.Port)
	if err != nil {
		return page.Stopped, err
	}
	if opt.Idle == 0 {
		opt.Idle = page.IdleMost
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	ended := make(chan page.Reason, 1)
	s := &server{opt: opt, door: page.NewDoor(l.Addr().String(), opt.Now()), mux: http.NewServeMux()}
	s.idle = time.AfterFunc(opt.Idle, func() {
		select {
		case ended <- page.Idle:
		default: // it was said
		}
	})
	defer s.idle.Stop()
	s.mux.HandleFunc("GET /open/{token}", s.open)
	s.mux.HandleFunc("GET /static/style.css", style(page.Style))
	s.mux.HandleFunc("GET /static/dash.css", style(sheet))
	s.mux.HandleFunc("GET /", s.inside)
	address := s.door.Address()
	return page.Serve(ctx, l, s, page.Options{Idle: opt.Idle, Ended: ended, Users: opt.Users, Ready: func() { opt.Ready(address) }})
}

// server is the page and who may see it.
type server struct {
	opt  Options
	door *page.Door
	mux  *http.ServeMux
	idle *time.Timer // one shot, set anew by every request that passed
}

// ServeHTTP is the door. There is nothing to change here, and so no method but GET and HEAD has an answer.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page.Headers(w.Header())
	if !s.door.Local(r) {
		say(w, http.StatusForbidden, "refused", nil)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// open trades the address for a session. Whoever comes second is told so; a look at the head alone uses nothing up.
func (s *server) open(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || !s.door.Open(w, r, r.PathValue("token"), s.opt.Now()) {
		say(w, http.StatusForbidden, "used", nil)
		return
	}
	s.idle.Reset(s.opt.Idle)
}

// inside is what only the holder of the session sees.
func (s *server) inside(w http.ResponseWriter, r *http.Request) {
	if !s.door.Knows(r) {
		say(w, http.StatusForbidden, "used", nil)
		return
	}
	s.idle.Reset(s.opt.Idle)
	if r.URL.Path != "/" {
		say(w, http.StatusNotFound, "missing", nil)
		return
	}
	say(w, http.StatusOK, "board", s.opt.Look(r.Context()))
}

//go:embed dash.css
var sheet []byte

// style serves a style sheet; it holds nothing of anybody.
func style(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "private, max-age=3600") // the same for everybody
		if _, err := w.Write(b); err != nil {
			return // the browser left
		}
	}
}

//go:embed templates/*.html
var files embed.FS

// pages are parsed when the first is shown, because most commands show none.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(words).ParseFS(files, "templates/*.html"))
})

// words are what templates may say. Every text that comes from outside goes through inert.
var words = template.FuncMap{
	"inert":  policy.Inert,
	"mib":    mib,
	"split":  func(s string) []string { return strings.Split(s, " ") },
	"pieces": pieces,
	"number": number,
	"shell":  shell,
	"count":  policy.Count[int],
	"leaf":   func(n uint64) string { return policy.Count(n, "leaf") },
	"hours":  policy.HoursInWords,
	"day":    func(t time.Time) string { return t.UTC().Format("2 January 2006") },
	"short":  func(t time.Time) string { return t.UTC().Format("2 Jan") },
	"date":   func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
	"hour":   func(t time.Time) string { return t.UTC().Format("15:04 UTC") },
}

// mib is a size in whole MiB. What is not nothing is not called so.
func mib(n uint64) string {
	if n == 0 {
		return "less than 1"
	}
	return number(n)
}

// number writes 1234567 as 1,234,567.
func number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// piece is a part of a sentence, or a command in it.
type piece struct {
	Text    string
	Command bool
}

// pieces finds the commands that stand in a sentence between two backticks.
func pieces(sentence string) (out []piece) {
	parts := strings.Split(sentence, "`")
	for i, p := range parts {
		if len(parts)%2 == 0 { // one has no end
			return []piece{{Text: sentence}}
		}
		out = append(out, piece{p, i%2 == 1})
	}
	return out
}

// shell is a folder as a word of a command that can be copied.
func shell(dir string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@,", r)
	}
	if dir != "" && strings.IndexFunc(dir, func(r rune) bool { return !plain(r) }) < 0 {
		return dir
	}
	return "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
}

// say writes one page. A page that fails to render is said in one sentence, without its content.
func say(w http.ResponseWriter, status int, name string, content any) {
	var b bytes.Buffer
	if err := pages().ExecuteTemplate(&b, name+".html", content); err != nil {
		http.Error(w, "The page could not be written; use byleave-collector stats, doctor and ledger show instead.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := b.WriteTo(w); err != nil {
		return // the browser left
	}
}
