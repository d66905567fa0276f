package review

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/policy"
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

// asked is a signed policy, changed by edit before it is signed.
func asked(t *testing.T, edit func(map[string]any)) policy.Policy {
	t.Helper()
	pub, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	box, err := hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	var m map[string]any
	must(t, json.Unmarshal(policy.Template(), &m))
	m["custodians"] = []any{map[string]any{"name": "Works council", "public_key": box.PublicKey().Bytes()}}
	m["expires_at"] = fmt.Sprint(time.Now().AddDate(1, 0, 0).Unix())
	if edit != nil {
		edit(m)
	}
	b, err := json.Marshal(m)
	must(t, err)
	body, err := policy.FromJSON(b)
	must(t, err)
	signed, err := policy.Sign(body, sign)
	must(t, err)
	p, err := policy.Parse(signed, pub)
	must(t, err)
	return p
}

// stand is a page that runs, and what was done through it.
type stand struct {
	base, open string // http://host, and the address that works once
	did        atomic.Int32
	ended      chan Reason
	stop       context.CancelFunc
}

func serve(t *testing.T, opt Options) *stand {
	t.Helper()
	s := &stand{ended: make(chan Reason, 1)}
	act := func(context.Context) error { s.did.Add(1); return nil }
	p := asked(t, nil)
	if opt.Desk.Look == nil {
		opt.Desk.Look = func(context.Context) (View, error) { return View{Newest: p}, nil }
	}
	opt.Desk.Give = func(ctx context.Context, _ policy.Policy, _ policy.Choice) error { return act(ctx) }
	opt.Desk.Less = func(ctx context.Context, _ policy.Choice) error { return act(ctx) }
	opt.Desk.Refuse, opt.Desk.Withdraw = act, act
	opt.Desk.Receipt = func(string) (a, b []byte, err error) { return nil, nil, nil }
	ready := make(chan string, 1)
	opt.Ready = func(a string) { ready <- a }
	opt.Wait = 2 * time.Minute // a page is whole, however busy this machine is
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
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

func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	r, err := c.Get(url)
	must(t, err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	must(t, err)
	return r.StatusCode, string(b)
}

var proofField = regexp.MustCompile(`name="proof" value="([^"]+)"`)

// enter opens the page and returns what stands in its forms.
func (s *stand) enter(t *testing.T, c *http.Client) (proof string) {
	t.Helper()
	code, body := get(t, c, s.open)
	m := proofField.FindStringSubmatch(body)
	if code != http.StatusOK || m == nil {
		t.Fatalf("the address does not open the page: %d %s", code, body)
	}
	return m[1]
}

// post sends a form as a browser would from our own page; change may spoil the request.
func (s *stand) post(t *testing.T, c *http.Client, path string, v url.Values, change func(*http.Request)) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+path, strings.NewReader(v.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "null")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if change != nil {
		change(r)
	}
	res, err := c.Do(r)
	must(t, err)
	res.Body.Close()
	return res.StatusCode
}

// The address opens the page once: replayed, forged, late or absent, it opens nothing.
func TestTokenWorksOnce(t *testing.T) {
	s := serve(t, Options{})
	for _, forged := range []string{"/open/", "/open/x", "/open/" + rand.Text(), s.open[len(s.base):] + "x", strings.ToUpper(s.open[len(s.base):])} {
		if code, _ := get(t, visitor(t), s.base+forged); code == http.StatusOK {
			t.Errorf("%s opens the page", forged)
		}
	}
	first := visitor(t)
	s.enter(t, first)
	if code, body := get(t, visitor(t), s.open); code != http.StatusForbidden || !strings.Contains(body, "works once") {
		t.Errorf("a replayed address: %d %s", code, body)
	}
	if code, _ := get(t, first, s.base+"/consent"); code != http.StatusOK {
		t.Errorf("who came first is shut out: %d", code)
	}
	for _, path := range []string{"/", "/consent", "/receipts/x.txt", "/example/example-1.svg", "/whatever"} {
		if code, _ := get(t, visitor(t), s.base+path); code != http.StatusForbidden {
			t.Errorf("%s without a session: %d", path, code)
		}
	}
}

func TestTokenDies(t *testing.T) {
	var now atomic.Int64
	s := serve(t, Options{Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	now.Store(int64(page.TokenLife / time.Second))
	if code, _ := get(t, visitor(t), s.open); code != http.StatusForbidden {
		t.Errorf("an address of five minutes ago: %d", code)
	}
}

// Whatever another page, another name or another program could send changes nothing.
// posts are the addresses that change something.
var posts = []string{"/consent/no", "/consent/withdraw", "/consent/give", "/consent/less", "/consent/class", "/close", "/unlock", "/lock", "/recorded/look",
	"/forget", "/forget/ask", "/forget/everything", "/send", "/send/ask", "/cut/aa", "/cut/aa/now", "/cut/aa/picture/0"}

func TestForeignRequestsChangeNothing(t *testing.T) {
	s := serve(t, Options{MayGive: true})
	c := visitor(t)
	proof := s.enter(t, c)
	v := url.Values{"proof": {proof}}
	own, err := url.Parse(s.base)
	must(t, err)
	named := func(host string) func(*http.Request) { // even if the cookie came along
		return func(r *http.Request) {
			r.Host = host + ":" + own.Port()
			for _, k := range c.Jar.Cookies(own) {
				r.AddCookie(k)
			}
		}
	}
	for name, change := range map[string]func(*http.Request){
		"another origin": func(r *http.Request) {
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		},
		"another origin, old browser": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example"); r.Header.Del("Sec-Fetch-Site") },
		"another port here": func(r *http.Request) {
			r.Header.Set("Origin", "http://127.0.0.1:1")
			r.Header.Set("Sec-Fetch-Site", "same-site")
		},
		"no origin, old browser":   func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") },
		"a sandboxed frame":        func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"typed into the bar":       func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") },
		"another origin that lies": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"a name that points here":  named("evil.example"),
		"localhost":                named("localhost"),
		"no cookie":                nil,
		"another form":             func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
	} {
		client := c
		if name == "no cookie" {
			client = &http.Client{Transport: c.Transport}
		}
		for _, path := range posts {
			if code := s.post(t, client, path, v, change); code != http.StatusForbidden {
				t.Errorf("%s: %s answered %d", name, path, code)
			}
		}
	}
	for _, wrong := range []url.Values{{}, {"proof": {""}}, {"proof": {rand.Text()}}} {
		if code := s.post(t, c, "/consent/withdraw", wrong, nil); code != http.StatusForbidden {
			t.Errorf("a form without our proof: %d", code)
		}
	}
	for _, path := range []string{"/consent/no", "/consent/withdraw", "/consent/give", "/close"} {
		if code, _ := get(t, c, s.base+path+"?proof="+proof); path != "/consent/no" && code == http.StatusOK {
			t.Errorf("GET %s does something: %d", path, code)
		}
	}
	if n := s.did.Load(); n != 0 {
		t.Fatalf("%d foreign requests did something", n)
	}
	if code := s.post(t, c, "/consent/withdraw", v, nil); code != http.StatusOK || s.did.Load() != 1 {
		t.Errorf("our own form: %d; the test above proves nothing", code)
	}
}

// Without a terminal a yes is never taken, whatever is sent.
func TestNoTerminalNoYes(t *testing.T) {
	p := asked(t, nil)
	digest := p.Digest()
	look := func(context.Context) (View, error) { return View{Newest: p}, nil }
	for _, may := range []bool{false, true} {
		s := serve(t, Options{MayGive: may, Desk: Desk{Look: look}})
		c := visitor(t)
		v := url.Values{
			"proof": {s.enter(t, c)}, "policy": {hex.EncodeToString(digest[:])}, "grant": {"editor pointer"}, "span": {"0"}, "length": {"1"}, "yes": {"yes"},
		}
		s.post(t, c, "/consent/give", v, nil)
		if (s.did.Load() == 1) != may {
			t.Errorf("at a terminal %v: %d consents", may, s.did.Load())
		}
	}
}

// Every answer forbids framing, sniffing, keeping, scripts and everything from elsewhere; nothing on a page needs an exception.
func TestHeadersAndNothingInline(t *testing.T) {
	s := serve(t, Options{MayGive: true})
	c := visitor(t)
	s.enter(t, c)
	for _, path := range []string{"/", "/consent", "/missing", "/consent/given", "/open/x", "/receipts/x"} {
		r, err := c.Get(s.base + path)
		must(t, err)
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		must(t, err)
		csp := r.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy of content lacks %s", path, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: scripts or inline styles are allowed: %s", path, csp)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if m := regexp.MustCompile(`(?i)<script|<style| style=| on[a-z]+=|https?://`).Find(b); m != nil {
			t.Errorf("%s holds %q", path, m)
		}
	}
	r, err := c.Get(s.base + "/static/style.css")
	must(t, err)
	b, err := io.ReadAll(r.Body)
	r.Body.Close()
	must(t, err)
	if r.StatusCode != http.StatusOK || bytes.Contains(b, []byte("url(")) || bytes.Contains(b, []byte("@import")) {
		t.Error("the style sheet reaches for something else")
	}
}

// A policy whose texts are hostile is shown as text, with what cannot be seen made visible.
func TestHostileTextsAreInert(t *testing.T) {
	hostile := `<script>alert(1)</script> "onload=x <img src=http://evil.example/x>`
	p := asked(t, func(m map[string]any) {
		m["purpose"].(map[string]any)["text"] = hostile
		m["controller"].(map[string]any)["name"] = hostile
		m["applications"].([]any)[0].(map[string]any)["name"] = hostile
	})
	view := View{Newest: p, State: "blind", Words: "a\x1b]0;x\x07\u202eb", Receipts: []string{"x"}}
	s := serve(t, Options{MayGive: true, Desk: Desk{Look: func(context.Context) (View, error) { return view, nil }}})
	c := visitor(t)
	s.enter(t, c)
	for _, path := range []string{"/", "/consent"} {
		_, body := get(t, c, s.base+path)
		if strings.Contains(body, "<script") || strings.Contains(body, "<img src=http") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
			t.Errorf("%s shows a policy's text as something else than text", path)
		}
		if strings.ContainsAny(body, "\x1b\x07\u202e") {
			t.Errorf("%s holds characters that move or turn", path)
		}
	}
}

func TestTroubleIsInert(t *testing.T) {
	look := func(context.Context) (View, error) { return View{}, fmt.Errorf("<b>\x1b[31m\u202e") }
	s := serve(t, Options{Desk: Desk{Look: look}})
	code, body := get(t, visitor(t), s.open)
	if code != http.StatusInternalServerError || strings.Contains(body, "<b>") || !strings.Contains(body, `\u001b[31m\u202e`) {
		t.Errorf("%d %s", code, body)
	}
}

// Giant forms are cut off, and nothing is done.
func TestGiantForms(t *testing.T) {
	s := serve(t, Options{MayGive: true})
	c := visitor(t)
	proof := s.enter(t, c)
	for _, v := range []url.Values{
		{"proof": {proof}, "grant": {strings.Repeat("x", maxBody)}},
		{"proof": {proof}, "grant": strings.Split(strings.Repeat("editor pointer,", maxBody/8), ",")},
	} {
		if code := s.post(t, c, "/consent/withdraw", v, nil); code != http.StatusRequestEntityTooLarge {
			t.Errorf("a giant form: %d", code)
		}
	}
	if s.did.Load() != 0 {
		t.Error("a giant form did something")
	}
	v := url.Values{"proof": {proof}, "span": {"-1", "99999999999999999999", "x"}, "from": {strings.Repeat("9", 1000)}, "length": {"366"}}
	if code := s.post(t, c, "/consent/check", v, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("nonsense: %d", code)
	}
}

// Clients that say nothing do not keep the person's browser out for long, and do not keep the command from ending.
func TestSlowClients(t *testing.T) {
	s := serve(t, Options{})
	c := visitor(t)
	s.enter(t, c)
	for range page.MostClients - 1 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		must(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: ")
		must(t, err)
	}
	if code, _ := get(t, c, s.base+"/"); code != http.StatusOK {
		t.Errorf("beside slow clients: %d", code)
	}
	s.stop()
	if why := <-s.ended; why != Stopped {
		t.Errorf("ended because of %d", why)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://")); err == nil {
		t.Error("something still listens")
	}
}

// Nobody used it: it ends by itself, with one timer.
func TestIdleEnds(t *testing.T) {
	s := serve(t, Options{Idle: time.Nanosecond})
	if why := <-s.ended; why != Idle {
		t.Errorf("ended because of %d", why)
	}
}

func TestCloseEnds(t *testing.T) {
	s := serve(t, Options{})
	c := visitor(t)
	proof := s.enter(t, c)
	if code := s.post(t, c, "/close", url.Values{"proof": {proof}}, nil); code != http.StatusOK {
		t.Errorf("close: %d", code)
	}
	if why := <-s.ended; why != Closed {
		t.Errorf("ended because of %d", why)
	}
}

// Only the loopback address listens, and requests that are no HTTP get no answer that says what this is.
func TestOnlyLoopback(t *testing.T) {
	s := serve(t, Options{})
	host, _, err := net.SplitHostPort(strings.TrimPrefix(s.base, "http://"))
	must(t, err)
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		t.Errorf("it listens on %s", host)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	must(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "\x16\x03\x01\r\n\r\n")
	must(t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && strings.Contains(strings.ToLower(line), "byleave") {
		t.Errorf("noise is answered with %q", line)
	}
}

// Erasing what was sent is offered on the page of the withdrawal, and only where the agent knows how.
func TestEraseIsOfferedWhereItExists(t *testing.T) {
	p := asked(t, nil)
	for _, can := range []bool{false, true} {
		s := serve(t, Options{Desk: Desk{Look: func(context.Context) (View, error) { return View{Newest: p, CanErase: can}, nil }}})
		c := visitor(t)
		s.enter(t, c)
		if _, body := get(t, c, s.base+"/consent/withdrawn"); strings.Contains(body, "byleave forget --all") != can {
			t.Errorf("the agent can erase %v; the page says something else", can)
		}
	}
}
