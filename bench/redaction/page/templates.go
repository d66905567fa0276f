package page

import (
	"fmt"
	"html"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/byleave/byleave/bench/redaction/sample"
)

// writer writes a page.
type writer struct {
	r     *rand.Rand
	b     strings.Builder
	first look // of the first large panel
	size  int
	panel int
	mains int
}

var fonts = []string{"sans-serif", "sans-serif", "serif", "monospace", "DejaVu Sans", "Arial, sans-serif"}

// open begins a panel. Large ones have the page's own size, small ones what programs use for menus and the like.
func (w *writer) open(style string, large bool) {
	l, size, font := looks[w.r.IntN(len(looks))], 10+w.r.IntN(6), fonts[w.r.IntN(len(fonts))]
	if large {
		size = w.size
		if w.mains == 0 {
			l = w.first
		}
		w.mains++
	}
	fmt.Fprintf(&w.b, `<div data-p="%d" style="background:%s;color:%s;font:%dpx/1.5 %s;%s">`, w.panel, l.ground, l.ink, size, font, style)
	w.panel++
}

func (w *writer) close() { w.b.WriteString("</div>\n") }

// ui writes words of the interface.
func (w *writer) ui(texts ...string) {
	for _, t := range texts {
		fmt.Fprintf(&w.b, `<span class="u" style="margin-right:1.4em">%s</span> `, html.EscapeString(t))
	}
}

// line writes a text with what is sensitive in it marked.
func (w *writer) line(t sample.Text, tag string) {
	r := []rune(strings.TrimRight(t.Text, "\n"))
	before, value, after := string(r), "", ""
	if t.Class != "" {
		before, value, after = string(r[:t.Start]), string(r[t.Start:min(t.End, len(r))]), string(r[min(t.End, len(r)):])
	}
	fmt.Fprintf(&w.b, "<%s>%s", tag, html.EscapeString(before))
	if value != "" {
		fmt.Fprintf(&w.b, `<span data-k="%s">%s</span>`, t.Class, html.EscapeString(value))
	}
	fmt.Fprintf(&w.b, "%s</%s>\n", html.EscapeString(after), tag)
}

// value writes a value alone.
func (w *writer) value(class string) {
	t := w.some(class)
	fmt.Fprintf(&w.b, `<span data-k="%s">%s</span> `, class, html.EscapeString(string([]rune(t.Text)[t.Start:t.End])))
}

func (w *writer) some(class string) sample.Text { return sample.Positives(class, w.r.Uint64(), 1)[0] }

// inProse are classes whose values stand among words, bare those that stand alone or in code.
var (
	inProse = strings.Fields("person-prose person-prose person-prose person-field email phone address birth-date card ssn iban document")
	bare    = strings.Fields("card ssn iban email wallet ip phone jwt url-credentials connection-string password vendor-token")
	all     = slices.Concat(bare, inProse)
)

// Kinds of harmless lines, as sample.Clean deals them in turn: what people write, what programs write, both.
var (
	written   = []int{0, 1, 0, 1, 0, 1, 4, 5, 8}
	technical = []int{2, 3, 4, 2, 3, 0}
	both      = []int{0, 1, 2, 5, 0, 4, 7}
)

// mixed writes n lines, of which half hold a value.
func (w *writer) mixed(n int, kinds []int, classes []string, tag string) {
	for range n {
		if w.r.IntN(2) == 0 {
			w.line(w.some(classes[w.r.IntN(len(classes))]), tag)
			continue
		}
		w.line(w.clean(kinds), tag)
	}
}

func (w *writer) clean(kinds []int) sample.Text {
	return sample.Clean(w.r.Uint64(), 9)[kinds[w.r.IntN(len(kinds))]]
}

func (w *writer) finish() string {
	return `<!doctype html><meta charset="utf-8"><style>*{margin:0;box-sizing:border-box}body{display:flex;flex-direction:column;width:100vw;height:100vh;overflow:hidden}
div{overflow:hidden}p{white-space:pre-wrap}pre{white-space:pre-wrap;font:inherit}td{border:1px solid #8888;padding:2px 8px}label{display:block}.row{display:flex;flex:1;min-height:0}
.field{border:1px solid #888;padding:.2em .5em;margin:.1em 0 .5em;min-height:1.9em}.bubble{border-radius:10px;padding:.4em .9em;margin:.4em;width:max-content;max-width:90%}</style><body>` + w.b.String()
}

var templates = []struct {
	name  string
	write func(*writer)
}{
	{"editor", editor}, {"PDF", pdf}, {"terminal", terminal}, {"mail", mail}, {"form", form}, {"chat", chat}, {"spreadsheet", sheet}, {"menus", menus},
}

func (w *writer) menuBar() {
	w.open("padding:4px 10px", false)
	w.ui("File", "Edit", "View", "Insert", "Format", "Tools", "Window", "Help")
	w.close()
}

func editor(w *writer) {
	w.menuBar()
	w.b.WriteString(`<div class="row">`)
	w.open("width:220px;padding:8px", false)
	for _, t := range []string{"Project", "Open Recent", "Search in Files", "Source Control", "Extensions", "Settings"} {
		w.b.WriteString("<p>")
		w.ui(t)
		w.b.WriteString("</p>")
	}
	w.close()
	w.open("flex:1;padding:10px", true)
	w.mixed(40, both, all, "pre")
	w.close()
	w.b.WriteString("</div>")
	w.open("padding:2px 10px", false)
	w.ui("Line 12, Column 40", "Spaces: 4", "UTF-8", "Plain Text", "Ready")
	w.close()
}

func pdf(w *writer) {
	w.open("padding:5px 10px", false)
	w.ui("Previous", "Next", "Page 3 of 12", "Zoom In", "Zoom Out", "Print", "Save As...", "Find")
	w.close()
	w.b.WriteString(`<div class="row" style="background:#525659;padding:14px;justify-content:center">`)
	w.open("width:76%;padding:30px 40px", true)
	w.mixed(36, written, inProse, "p")
	w.close()
	w.b.WriteString("</div>")
}

func terminal(w *writer) {
	w.open("padding:3px 10px", false)
	w.ui("Terminal", "Edit", "Tabs", "Search", "Preferences", "Help")
	w.close()
	w.open("flex:1;padding:6px", true)
	w.mixed(44, technical, bare, "pre")
	w.close()
}

func mail(w *writer) {
	w.open("padding:6px 10px", false)
	w.ui("New Message", "Reply", "Reply All", "Forward", "Delete", "Archive", "Mark as Read", "Search")
	w.close()
	w.b.WriteString(`<div class="row">`)
	w.open("width:160px;padding:8px", false)
	for _, t := range []string{"Inbox", "Drafts", "Sent", "Spam", "Trash", "All Mail"} {
		w.b.WriteString("<p>")
		w.ui(t)
		w.b.WriteString("</p>")
	}
	w.close()
	w.open("width:30%;padding:8px", false)
	for range 12 {
		w.b.WriteString("<p>")
		w.value("person-field")
		w.b.WriteString("</p>")
		w.line(w.clean(written), "p")
	}
	w.close()
	w.open("flex:1;padding:12px", true)
	for _, h := range []string{"From", "To", "Cc"} {
		w.b.WriteString("<p>")
		w.ui(h + ":")
		w.value("email")
		w.b.WriteString("</p>")
	}
	w.mixed(32, written, inProse, "p")
	w.close()
	w.b.WriteString("</div>")
}

func form(w *writer) {
	w.menuBar()
	w.open("flex:1;padding:14px;columns:2", true)
	for _, f := range []struct{ label, class string }{{"First name", "person-field"}, {"Last name", "person-field"}, {"Date of birth", "birth-date"}, {"E-mail", "email"}, {"Phone", "phone"},
		{"Address", "address"}, {"Social security number", "ssn"}, {"Card number", "card"}, {"IBAN", "iban"}, {"Passport number", "document"}, {"Cardholder", "person-field"}, {"Password", "password"}} {
		w.b.WriteString("<label>")
		w.ui(f.label)
		w.b.WriteString(`</label><div class="field">`)
		w.value(f.class)
		w.b.WriteString("</div>")
	}
	for _, n := range []string{"Please check all fields before you send the form.", "We will answer within two working days.", "Fields with a star are required."} {
		w.line(sample.Text{Text: n}, "p")
	}
	w.ui("Save", "Cancel", "Delete", "Print", "Next", "Back")
	w.close()
}

func chat(w *writer) {
	w.b.WriteString(`<div class="row">`)
	w.open("width:210px;padding:10px", false)
	w.ui("Channels")
	for _, t := range []string{"general", "random", "support", "releases"} {
		w.line(sample.Text{Text: "# " + t}, "p")
	}
	w.ui("Direct messages")
	for range 8 {
		w.b.WriteString("<p>")
		w.value("person-field")
		w.b.WriteString("</p>")
	}
	w.close()
	w.open("flex:1;padding:10px", true)
	for range 18 {
		w.b.WriteString("<p>")
		w.value("person-field")
		w.b.WriteString("</p>")
		w.mixed(1, written, all, "p")
	}
	w.close()
	w.b.WriteString("</div>")
	w.open("padding:8px", false)
	w.ui("Send", "Attach file", "Emoji", "Type a message")
	w.close()
}

func sheet(w *writer) {
	w.menuBar()
	w.open("flex:1;padding:6px", true)
	w.b.WriteString(`<table style="border-collapse:collapse"><tr>`)
	for _, h := range []string{"Name", "Phone", "E-mail", "Card number", "Status", "Notes"} {
		fmt.Fprintf(&w.b, `<td><b class="u">%s</b></td>`, h)
	}
	w.b.WriteString("</tr>")
	for range 24 {
		w.b.WriteString("<tr>")
		for _, c := range []string{"person-field", "phone", "email", "card"} {
			w.b.WriteString("<td>")
			w.value(c)
			w.b.WriteString("</td>")
		}
		w.b.WriteString("<td>" + []string{"open", "paid", "late", "shipped"}[w.r.IntN(4)] + "</td>")
		w.line(sample.Text{Text: []string{"call again next week", "sent the second reminder", "waits for the new price", "nothing to do here"}[w.r.IntN(4)]}, "td")
		w.b.WriteString("</tr>")
	}
	w.b.WriteString("</table>")
	w.close()
}

func menus(w *writer) {
	w.menuBar()
	w.b.WriteString(`<div class="row">`)
	for _, m := range [][]string{{"New Window", "Open File...", "Save", "Save As...", "Export as PDF", "Print Preview", "Page Setup", "Close Tab", "Quit"},
		{"Undo", "Redo", "Cut", "Copy", "Paste", "Select All", "Find and Replace", "Preferences"},
		{"Zoom In", "Zoom Out", "Full Screen", "Show Toolbar", "Show Status Bar", "Dark Mode", "Reload"}} {
		w.open("padding:10px;min-width:180px", true)
		for _, t := range m {
			w.b.WriteString("<p>")
			w.ui(t)
			w.b.WriteString("</p>")
		}
		w.close()
	}
	w.open("flex:1;padding:20px", false)
	w.ui("Settings")
	for _, t := range []string{"Check for updates every week", "Ask before closing more than one tab", "Show the home button", "Use the colours of the system"} {
		w.line(sample.Text{Text: t}, "p")
	}
	w.ui("Signed in as")
	w.value("person-field")
	w.value("email")
	w.close()
	w.b.WriteString("</div>")
}
