package dash

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/page"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// noon is when these tests look.
var noon = time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)

// stand is a page that runs, and how often it was filled.
type stand struct {
	base, open string
	looks      atomic.Int32
	ended      chan page.Reason
}

func serve(t *testing.T, v View, opt Options) *stand {
	t.Helper()
	s := &stand{ended: make(chan page.Reason, 1)}
	ready := make(chan string, 1)
	opt.Look = func(context.Context) View { s.looks.Add(1); return v }
	opt.Ready = func(a string) { ready <- a }
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		why, err := Serve(ctx, opt)
		if err != nil {
			t.Error(err)
		}
		s.ended <- why
	}()
	t.Cleanup(func() { stop(); <-done })
	s.open = <-ready
	s.base = s.open[:strings.Index(s.open, "/open/")]
	return s
}

// visitor is a browser's share of the protocol: a jar, no more.
func visitor(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: tr}
}

// answer is what came before a page.
type answer struct {
	status int
	Header http.Header
}

// ask sends one request; change may spoil it.
func ask(t *testing.T, c *http.Client, method, address string, change func(*http.Request)) (answer, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	must(t, err)
	if change != nil {
		change(r)
	}
	res, err := c.Do(r)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return answer{res.StatusCode, res.Header}, string(b)
}

// show is the page of v as the one browser sees it that may.
func show(t *testing.T, v View) string {
	t.Helper()
	s := serve(t, v, Options{})
	res, body := ask(t, visitor(t), http.MethodGet, s.open, nil)
	if res.status != http.StatusOK {
		t.Fatalf("the address does not open the page: %d %s", res.status, body)
	}
	return body
}

// TestDoor: the address opens the page once, in one browser, and nobody else sees anything of the collector.
func TestDoor(t *testing.T) {
	var now atomic.Int64
	s := serve(t, View{Now: noon, Version: "canary"}, Options{Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	refused := func(what string, c *http.Client, method, address string, status int, change func(*http.Request)) {
		t.Helper()
		if res, body := ask(t, c, method, address, change); res.status != status || strings.Contains(body, "canary") {
			t.Errorf("%s: %d %s", what, res.status, body)
		}
	}
	refused("nobody was here", visitor(t), "GET", s.base, 403, nil)
	refused("a forged address", visitor(t), "GET", s.open+"x", 403, nil)
	refused("a look at its head", visitor(t), "HEAD", s.open, 403, nil)
	first := visitor(t)
	if res, body := ask(t, first, "GET", s.open, nil); res.status != 200 || !strings.Contains(body, "canary") {
		t.Fatalf("the address: %d %s", res.status, body)
	}
	refused("the address again", visitor(t), "GET", s.open, 403, nil)
	refused("no cookie", visitor(t), "GET", s.base, 403, nil)
	own, err := url.Parse(s.base)
	must(t, err)
	named := func(host string) func(*http.Request) {
		return func(r *http.Request) {
			r.Host = host
			for _, k := range first.Jar.Cookies(own) {
				r.AddCookie(k)
			}
		}
	}
	refused("a name that points here", first, "GET", s.base, 403, named("evil.example:"+own.Port()))
	refused("localhost", first, "GET", s.base, 403, named("localhost:"+own.Port()))
	refused("another page", first, "GET", s.base, 403, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
		refused(method+" of our own", first, method, s.base, 405, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") })
		refused(method+" of anybody", first, method, s.base, 403, nil)
	}
	refused("what is not there", first, "GET", s.base+"/boxes", 404, nil)
	if n := s.looks.Load(); n != 1 {
		t.Errorf("%d looks for one visitor who was let in", n)
	}
	if res, _ := ask(t, first, "HEAD", s.base, nil); res.status != 200 {
		t.Errorf("a look at the head: %d", res.status)
	}
	late := serve(t, View{Version: "canary"}, Options{Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	now.Store(int64(page.TokenLife / time.Second))
	refused("an address of five minutes ago", visitor(t), "GET", late.open, 403, nil)
}

// TestNothingFromElsewhere: headers and page alike.
func TestNothingFromElsewhere(t *testing.T) {
	s := serve(t, full(), Options{})
	c := visitor(t)
	ask(t, c, "GET", s.open, nil)
	for _, path := range []string{"/", "/nothing", "/static/style.css", "/static/dash.css"} {
		res, body := ask(t, c, "GET", s.base+path, nil)
		csp := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: %s", path, csp)
		}
		if !strings.HasPrefix(path, "/static/") && res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s is kept by the browser", path)
		}
		if m := regexp.MustCompile(`(?i)<script|<style| style=| on[a-z]+=|https?://|url\(|@import|<form`).FindString(body); m != "" {
			t.Errorf("%s holds %q", path, m)
		}
	}
}

// TestIdleEnds: nobody used it, and it ends by itself.
func TestIdleEnds(t *testing.T) {
	if why := <-serve(t, View{}, Options{Idle: time.Nanosecond}).ended; why != page.Idle {
		t.Errorf("ended because of %d", why)
	}
}

// full is a collector with much to show.
func full() View {
	v := View{Dir: "/srv/byleave", Version: "1", Now: noon, Running: true, Ends: noon.AddDate(0, 0, 20),
		Checks: []Check{{What: "ca", OK: true, Says: "valid"}, {What: "signing", OK: true, Warn: true, Says: "lies here"}, {What: "vault", Says: "missing", Remedy: "put it back"}}}
	for i := range 120 {
		if day := noon.Truncate(24*time.Hour).AddDate(0, 0, i-120); i%7 < 5 {
			v.Days = append(v.Days, Day{day, uint64(10 + i/10*10), uint64(100 + 10*i), uint64(i)})
		}
	}
	v.Ledger.Leaves = 4321
	for i := range 40 {
		v.Ledger.Reads = append(v.Ledger.Reads, Read{Hour: noon.AddDate(0, 0, i-40), Custodian: "Works council", Purpose: "train", Boxes: uint64(i * 10), MiB: 3, Window: "whatever had arrived"})
	}
	return v
}

// TestHostileNamesAreText: whoever names custodians, purposes or folders writes no page.
func TestHostileNamesAreText(t *testing.T) {
	hostile := `<img src=x onerror=alert(1)>"'` + "\u202eevil\x1b[31m"
	v := full()
	v.Dir, v.Version, v.Healthy, v.DaysTrouble, v.Ledger.Trouble, v.PolicyTrouble = hostile, hostile, hostile, hostile, "", hostile
	v.Checks = []Check{{What: "ca", Says: hostile}}
	v.Ledger.Reads = []Read{{Custodian: hostile, Purpose: hostile, Hour: noon}}
	body := show(t, v)
	if strings.Contains(body, "<img") || strings.ContainsAny(body, "\u202e\x1b") {
		t.Error("a name is more than text")
	}
	if n := strings.Count(body, `&lt;img src=x onerror=alert(1)&gt;`); n < 8 {
		t.Errorf("it stands there %d times: nothing was tried", n)
	}
	v.Healthy, v.DaysTrouble, v.Ledger.Trouble = "", "", hostile
	if body := show(t, v); strings.Contains(body, "<img") || strings.ContainsAny(body, "\u202e\x1b") {
		t.Error("a trouble is more than text")
	}
}

// TestCommandsCanBeCopied: a folder is one word of a command, whatever it is called.
func TestCommandsCanBeCopied(t *testing.T) {
	for dir, want := range map[string]string{"/srv/byleave": "/srv/byleave", "a b": "'a b'", "x'; rm -rf ~ #": `'x'\''; rm -rf ~ #'`, "": "''", "$HOME": "'$HOME'"} {
		if got := shell(dir); got != want {
			t.Errorf("%q is %s, want %s", dir, got, want)
		}
	}
}

// TestDaysAreDrawn: a day without figures has one look whatever it was, and every figure of the chart stands in the table.
func TestDaysAreDrawn(t *testing.T) {
	today := noon.Truncate(24 * time.Hour)
	v := View{Now: noon, Days: []Day{{today.AddDate(0, 0, -3), 10, 40, 0}, {today.AddDate(0, 0, -1), 30, 80, 6}}}
	rows := v.Rows()
	if len(rows) != leastDays || rows[27].People != 30 || rows[26].Told || rows[25].Boxes != 40 || v.Few() != leastDays-2 {
		t.Errorf("%v", rows)
	}
	people := v.Strips()[0]
	if b := people.Bars; b[27].Height != height || b[25].Height != 33 || b[25].Y != 67 || b[26] != (Bar{X: 260, Width: 8, Height: height}) || b[0] != (Bar{Width: 8, Height: height}) {
		t.Errorf("%v", b)
	}
	if got := number(1) + number(123) + number(1234) + number(1234567); got != "11231,2341,234,567" {
		t.Error(got)
	}
	if empty := v.Strips()[2].Bars[25]; empty.Height != 1 || !empty.Told {
		t.Errorf("a day that is told is not seen: %v", empty)
	}
	body := show(t, v)
	for _, want := range []string{"30 or more", "80 or more", "2026-03-30", "fewer than ten people", "26 days are grey"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if v := full(); len(v.Rows()) != mostDays || v.Older() != 22 {
		t.Errorf("%d rows, %d before", len(v.Rows()), v.Older())
	}
	ahead := View{Now: noon, Days: []Day{{today.AddDate(0, 0, 3), 10, 10, 1}}}
	if rows := ahead.Rows(); !rows[len(rows)-1].Told {
		t.Error("a collector whose clock is ahead has no days")
	}
	if body := show(t, View{Now: noon, Running: true}); strings.Contains(body, "<svg") || !strings.Contains(body, "No day is told yet") {
		t.Error("no days are drawn")
	}
}
