package review

import (
	"bytes"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/page"
	"github.com/byleave/byleave/proto/pb"
)

//go:embed templates/*.html static/*
var files embed.FS

// pages are parsed once for each page, since each fills the same blocks of the frame: when the first is shown, because most commands show none.
var pages = sync.OnceValue(func() map[string]*template.Template {
	frame := template.Must(template.New("frame.html").Funcs(words).ParseFS(files, "templates/frame.html", "templates/rows.html"))
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic("review: the templates are not embedded")
	}
	out := map[string]*template.Template{}
	for _, name := range names {
		short := strings.TrimSuffix(path.Base(name), ".html")
		out[short] = template.Must(template.Must(frame.Clone()).ParseFS(files, name))
	}
	return out
})

// words are what templates may say of the types of policy. Every text that comes from outside goes through inert.
var words = template.FuncMap{
	"inert":     policy.Inert,
	"brief":     brief,
	"hours":     func(h *pb.Hours) string { return policy.HoursInWords(h) },
	"day":       func(t time.Time) string { return t.Local().Format("2 January 2006") },
	"clock":     func(t time.Time) string { return t.Local().Format("15:04:05") },
	"minute":    func(t time.Time) string { return t.Local().Format("15:04") },
	"short":     short,
	"paper":     paper,
	"hex":       func(s string) string { return hex.EncodeToString([]byte(s)) }, // a text in an attribute, to come back as it is
	"count":     policy.Count[int],
	"count64":   func(n int64, noun string) string { return policy.Count(n, noun) },
	"count64u":  func(n uint64, noun string) string { return policy.Count(n, noun) },
	"plain":     PlainText,
	"size":      size,
	"processor": processor,
	"ago":       lasted,
	"kilo":      func(n int64) int64 { return (n + 1023) / 1024 },
	"instant":   func(t time.Time) string { return t.Local().Format("2 January 2006, 15:04") },
}

// PlainText is policy.Inert, line by line, for a terminal or a page.
func PlainText(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = policy.Inert(l)
	}
	return strings.Join(lines, "\n")
}

// sheet is what every page gets.
type sheet struct {
	Title string
	Here  string // which entry of the menu is this page; empty: no menu, the visitor is not inside
	Proof string
	View  View
	Page  any
	Far   bool // nothing of it lies on this computer
}

// titles also says which pages exist, and where they stand in the menu.
var titles = map[string]struct{ title, here string }{
	"home":   {"How things stand", "home"},
	"ask":    {"What is asked", "consent"},
	"check":  {"Your choice", "consent"},
	"done":   {"Done", "home"},
	"closed": {"Closed", ""},

	"locked":     {"What was recorded", "recorded"},
	"recorded":   {"What was recorded", "recorded"},
	"sent":       {"As it leaves", "recorded"},
	"everything": {"Delete everything", "recorded"},
	"cut":        {"Take something out", "recorded"},
	"left":       {"What is left", "recorded"},
	"picture":    {"Black out a part", "recorded"},
	"use":        {"Use and history", "use"},
	"dictionary": {"Data dictionary", "dictionary"},

	"refused": {"Not for this page", ""},
	"used":    {"This address does not work", ""},
	"missing": {"Nothing here", "none"},
	"trouble": {"That did not work", "none"},
}

// say writes one page. A page that fails to render is said in one sentence, without its content.
func (s *server) say(w http.ResponseWriter, status int, name string, content any) {
	t := titles[name]
	sh := sheet{Title: t.title, Here: t.here, Page: content, Far: s.opt.Desk.Far}
	if v, ok := content.(viewer); ok {
		sh.View = v.view()
	}
	if sh.Here != "" {
		sh.Proof = s.door.Proof()
	}
	var b bytes.Buffer
	if err := pages()[name].ExecuteTemplate(&b, "frame.html", sh); err != nil {
		http.Error(w, "The page could not be written; use byleave consent show instead.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := b.WriteTo(w); err != nil {
		return // the browser left
	}
}

// viewer is a page that shows how things stand.
type viewer interface{ view() View }

// trouble says what went wrong and what to do, in the words of the room where it did.
func (s *server) trouble(w http.ResponseWriter, err error) {
	s.say(w, http.StatusInternalServerError, "trouble", err.Error())
}

func (s *server) missing(w http.ResponseWriter, _ *http.Request) {
	s.say(w, http.StatusNotFound, "missing", nil)
}

// static serves the style sheet; it holds nothing of the person.
func (s *server) static(w http.ResponseWriter, _ *http.Request) {
	send(w, "text/css; charset=utf-8", page.Style)
}

// picture serves one picture of the example.
func (s *server) picture(w http.ResponseWriter, r *http.Request) {
	s.file(w, "static/"+path.Base(r.PathValue("picture")))
}

func (s *server) file(w http.ResponseWriter, name string) {
	b, err := files.ReadFile(name)
	if err != nil || path.Ext(name) != ".svg" {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	send(w, "image/svg+xml", b)
}

// send answers with what is the same for everybody.
func send(w http.ResponseWriter, kind string, b []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "private, max-age=3600") // the same for everybody; "Closed" is styled after the end
	if _, err := w.Write(b); err != nil {
		return // the browser left
	}
}

// home says how things stand, and offers what can be done about it.
type home struct {
	View
	Sections []policy.Section
	Grants   []grant
	Wider    []policy.Change
	Ended    bool
}

func (h home) view() View { return h.View }

// grant is one application and what was agreed for it.
type grant struct {
	ID, Name string
	Kinds    []kind
}

// kind is one kind of data of a grant.
type kind struct {
	ID, Words string
	Only      bool // the last one that is left: taking it back is withdrawing
}

func (s *server) home(w http.ResponseWriter, r *http.Request) {
	if s.opt.Desk.Far {
		http.Redirect(w, r, "/recorded", http.StatusSeeOther)
		return
	}
	v, err := s.opt.Desk.Look(r.Context())
	if err != nil {
		s.trouble(w, err)
		return
	}
	h := home{View: v, Grants: grantsOf(v)}
	h.Wider = policy.Wider(h.Changes)
	h.Ended = !v.Consent.IsZero() && !s.opt.Now().Before(v.Consent.Expires())
	s.say(w, http.StatusOK, "home", h)
}

func grantsOf(v View) []grant {
	var out []grant
	total := 0
	names := map[string]string{}
	for _, a := range v.Pinned.Message().GetApplications() {
		names[a.GetId()] = a.GetName()
	}
	for _, g := range v.Consent.Message().GetGrants() {
		row := grant{ID: g.GetApplication(), Name: names[g.GetApplication()]}
		for _, c := range g.GetClasses() {
			row.Kinds = append(row.Kinds, kind{ID: policy.Class(c).String(), Words: policy.Class(c).InWords()})
			total++
		}
		out = append(out, row)
	}
	if total == 1 {
		out[0].Kinds[0].Only = true
	}
	return out
}

// receipt serves one receipt, for reading or, with .json, for programs.
func (s *server) receipt(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	short, isJSON := strings.CutSuffix(name, ".json")
	json, text, err := s.opt.Desk.Receipt(strings.TrimSuffix(short, ".txt"))
	if err != nil {
		s.trouble(w, err)
		return
	}
	b, kind := text, "text/plain; charset=utf-8"
	if isJSON {
		b, kind = json, "application/ld+json"
	}
	if b == nil {
		s.missing(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	if _, err := w.Write(b); err != nil {
		return // the browser left
	}
}

// close ends the command that serves the page.
func (s *server) close(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Connection", "close")
	s.say(w, http.StatusOK, "closed", nil)
	s.end(Closed)
}
