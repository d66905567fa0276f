package review

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// typedBox is a box that opens to one typed text.
func typedBox(id, text string, at time.Time) Box {
	return Box{ID: id, Sequence: 1, From: at, Until: at.Add(time.Minute), Damage: error.Error, Open: func() (*pb.Payload, error) {
		return &pb.Payload{Schema: 1, Session: make([]byte, 16), StartedAt: at.UnixMilli(), Events: []*pb.Event{
			{What: &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_TEXT, Window: &pb.Window{Application: "editor"}, Text: &pb.Text{Net: text}}}},
		}}, nil
	}}
}

func mineOf(boxes ...Box) Mine {
	return Mine{
		Boxes:    func(context.Context) ([]Box, error) { return boxes, nil },
		Erasures: func() (Erasures, error) { return Erasures{}, nil },
		Stones:   func() []uint64 { return nil },
	}
}

// unlocking is a page that opens with "right".
func unlocking(m Mine) Desk {
	return Desk{Look: func(context.Context) (View, error) { return View{}, nil }, Unlock: func(_ context.Context, secret []byte) (Mine, error) {
		if string(secret) != "right" {
			return Mine{}, errors.New("the cause, which nobody is told")
		}
		return m, nil
	}}
}

// TestWrongPassphraseIsSlow: each wrong one makes the next try wait twice as long, also for who hangs up, and the page says nothing
// but that it did not open.
func TestWrongPassphraseIsSlow(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	s := newServer("127.0.0.1:1", Options{Desk: unlocking(mineOf()), Idle: time.Hour, Now: func() time.Time { return now }})
	defer s.idle.Stop()
	var waits []time.Duration
	stays := true
	s.wait = func(_ *http.Request, d time.Duration) bool { waits = append(waits, d); return stays }
	var said string
	try := func(secret string) int {
		w := &answer{header: http.Header{}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/unlock", nil)
		must(t, err)
		r.PostForm = url.Values{"secret": {secret}}
		s.unlock(w, r)
		said += w.body.String()
		return w.status
	}
	for range 6 {
		if code := try("wrong"); code != http.StatusForbidden {
			t.Errorf("a wrong passphrase: %d", code)
		}
	}
	want := []time.Duration{0, 1, 2, 4, 8, 16}
	for i, d := range waits {
		if max(d, 0) != want[i]*time.Second {
			t.Errorf("try %d waits %v, not %d s", i, d, want[i])
		}
	}
	stays = false
	if code := try("right"); code != 0 || s.lock.index() != nil {
		t.Error("who does not wait is let in")
	}
	if strings.Contains(said, "cause") || !strings.Contains(said, "That did not open it") {
		t.Errorf("the page says more than that it did not open:\n%s", said)
	}
	stays = true
	if code := try("right"); code != http.StatusSeeOther || s.lock.index() == nil {
		t.Errorf("the right passphrase: %d", code)
	}
	s.lock.set(nil)
}

type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(code int)        { a.status = code }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// TestLockedShowsNothing: without the passphrase no page of what was recorded says anything of it, before and after locking again.
func TestLockedShowsNothing(t *testing.T) {
	at := time.Now().Add(-time.Hour)
	s := serve(t, Options{Desk: unlocking(mineOf(typedBox("aa", "walrus", at)))})
	c := visitor(t)
	proof := url.Values{"proof": {s.enter(t, c)}}
	reads := func(want bool) {
		t.Helper()
		for _, path := range []string{"/recorded", "/recorded/1", "/sent/next", "/sent/aa", "/frame/aa/0", "/cut/aa", "/cut/aa/left", "/cut/aa/left/0", "/cut/aa/picture/0", "/cut/aa/picture/0/image"} {
			_, body := get(t, c, s.base+path)
			if strings.Contains(body, "walrus") != (want && !slices.Contains([]string{"/frame/aa/0", "/sent/next", "/cut/aa/left/0", "/cut/aa/picture/0", "/cut/aa/picture/0/image"}, path)) {
				t.Errorf("%s, unlocked %v: %s", path, want, body)
			}
		}
	}
	reads(false)
	v := url.Values{"proof": proof["proof"], "secret": {"right"}}
	if code := s.post(t, c, "/unlock", v, nil); code != http.StatusOK {
		t.Fatalf("the passphrase is refused: %d", code)
	}
	reads(true)
	for _, path := range []string{"/recorded", "/sent/aa"} {
		r, err := c.Get(s.base + path)
		must(t, err)
		r.Body.Close()
		if r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept by the browser", path)
		}
	}
	if code := s.post(t, c, "/lock", proof, nil); code != http.StatusOK {
		t.Errorf("lock again: %d", code)
	}
	reads(false)
}

// TestNothingIsKeptAfterClose: when Serve has returned, nothing in the process holds what was opened any more.
func TestNothingIsKeptAfterClose(t *testing.T) {
	var seen []weak.Pointer[pb.Payload]
	at := time.Now().Add(-time.Hour)
	box := typedBox("aa", "walrus", at)
	open := box.Open
	box.Open = func() (*pb.Payload, error) {
		p, err := open()
		seen = append(seen, weak.Make(p))
		return p, err
	}
	s := serve(t, Options{Desk: unlocking(mineOf(box))})
	c := visitor(t)
	v := url.Values{"proof": {s.enter(t, c)}, "secret": {"right"}}
	s.post(t, c, "/unlock", v, nil)
	if _, body := get(t, c, s.base+"/sent/aa"); !strings.Contains(body, "walrus") {
		t.Fatal("nothing was opened; the test proves nothing")
	}
	s.post(t, c, "/close", v, nil)
	if why := <-s.ended; why != Closed {
		t.Fatalf("it ended because of %d", why)
	}
	for range 3 {
		runtime.GC()
	}
	for _, w := range seen {
		if w.Value() != nil {
			t.Error("a payload is still held after the page closed")
		}
	}
	if len(seen) != 2 {
		t.Errorf("the box was opened %d times", len(seen))
	}
}

// TestDamagedBlocksNothing: boxes that do not open are told of, and their neighbours are shown.
func TestDamagedBlocksNothing(t *testing.T) {
	at := time.Now().Add(-time.Hour)
	bad := Box{ID: "bad", Sequence: 2, From: at, Until: at, Damage: func(error) string { return "its end is missing" },
		Open: func() (*pb.Payload, error) { return nil, errors.New("truncated") }}
	s := serve(t, Options{Desk: unlocking(mineOf(typedBox("aa", "walrus", at), bad, typedBox("bb", "pelican", at.Add(time.Minute))))})
	c := visitor(t)
	s.post(t, c, "/unlock", url.Values{"proof": {s.enter(t, c)}, "secret": {"right"}}, nil)
	_, body := get(t, c, s.base+"/recorded")
	for _, want := range []string{"walrus", "pelican", "its end is missing"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestWhatIsMissingIsSaid: a box that is read while the page is made may be missing on a part of it, and the page says so.
func TestWhatIsMissingIsSaid(t *testing.T) {
	box, read := typedBox("aa", "walrus", time.Now()), make(chan struct{})
	open := box.Open
	box.Open = func() (*pb.Payload, error) { <-read; return open() }
	m := mineOf(box)
	x := newIndex(m)
	must(t, x.refresh(t.Context()))
	defer x.end()
	desk := unlocking(m)
	desk.Look = func(context.Context) (View, error) { // the strip of the day is made, the rest is not
		close(read)
		for x.left.Load() > 0 {
			runtime.Gosched()
		}
		return View{}, errors.New("there is no consent")
	}
	s := newServer("127.0.0.1:1", Options{Desk: desk, Idle: time.Hour, Now: time.Now, Wait: 1})
	defer s.idle.Stop()
	p, err := s.timeline(httptest.NewRequest(http.MethodGet, "/recorded", nil), x, view{})
	must(t, err)
	if p.Left != 1 {
		t.Errorf("a page on which a box may be missing says that %d are", p.Left)
	}
}

// TestForgetAsksFirst: nothing is destroyed before exactly what goes was shown and confirmed; if more would go by now it asks again.
func TestForgetAsksFirst(t *testing.T) {
	at := time.Date(2026, 3, 4, 10, 0, 0, 0, time.Local)
	boxes := []Box{typedBox("aa", "walrus", at), typedBox("bb", "pelican", at.Add(time.Minute)), typedBox("cc", "ocelot", at.Add(time.Hour))}
	boxes[1].State = Sent
	var spans []Span
	var one, apps []string
	m := mineOf()
	m.ForgetBox = func(_ context.Context, id string) (Forgotten, error) {
		one = append(one, id)
		return Forgotten{Boxes: 1}, nil
	}
	m.ForgetApp = func(_ context.Context, app string) (Forgotten, error) {
		apps = append(apps, app)
		return Forgotten{Cut: 2}, nil
	}
	m.Boxes = func(context.Context) ([]Box, error) { return slices.Clone(boxes), nil }
	m.Forget = func(_ context.Context, s Span) (Forgotten, error) {
		spans = append(spans, s)
		return Forgotten{Boxes: 1, Record: "The collector destroyed 1 box."}, nil
	}
	s := serve(t, Options{Desk: unlocking(m)})
	c := visitor(t)
	proof := s.enter(t, c)
	s.post(t, c, "/unlock", url.Values{"proof": {proof}, "secret": {"right"}}, nil)
	ask := func(path string, v url.Values) (body, view string) {
		t.Helper()
		v.Set("proof", proof)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+path, strings.NewReader(v.Encode()))
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := c.Do(r)
		must(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		must(t, err)
		return string(b), strings.TrimPrefix(res.Request.URL.Path, "/recorded/")
	}
	if s.post(t, c, "/forget", url.Values{"proof": {proof}, "view": {"1"}}, nil); len(spans) > 0 {
		t.Fatal("something was destroyed that nobody was asked about")
	}
	body, view := ask("/forget/ask", url.Values{"day": {"2026-03-04"}, "from": {"10:01"}, "until": {"10:01"}})
	if !strings.Contains(body, "2 actions and 0 pictures") || !strings.Contains(body, "1 box of these were sent") {
		t.Errorf("what goes is not said:\n%s", body)
	}
	if len(spans) != 0 {
		t.Fatal("asking destroyed something")
	}
	grown := typedBox("dd", "heron", at.Add(90*time.Second))
	boxes = append(boxes, grown)
	if s.post(t, c, "/forget", url.Values{"proof": {proof}, "view": {view}}, nil); len(spans) != 0 {
		t.Fatal("more was destroyed than was shown")
	}
	boxes = boxes[:3]
	s.post(t, c, "/forget", url.Values{"proof": {proof}, "view": {view}}, nil)
	if len(spans) != 1 || !spans[0].From.Equal(at.Add(time.Minute)) {
		t.Fatalf("what was confirmed is not what goes: %v", spans)
	}
	body, view = ask("/forget/ask", url.Values{"box": {"bb"}})
	if !strings.Contains(body, "1 action and 0 pictures") || len(one) != 0 {
		t.Errorf("what goes with one box is not said:\n%s", body)
	}
	if s.post(t, c, "/forget", url.Values{"proof": {proof}, "view": {view}}, nil); !slices.Equal(one, []string{"bb"}) || len(spans) != 1 {
		t.Fatalf("one box is meant, and %v goes", one)
	}
	body, view = ask("/forget/ask", url.Values{"app": {hex.EncodeToString([]byte("editor"))}})
	if !strings.Contains(body, "3 actions") || !strings.Contains(body, "what was sent can only go whole") || len(apps) != 0 {
		t.Errorf("what goes with an application is not said:\n%s", body)
	}
	if s.post(t, c, "/forget", url.Values{"proof": {proof}, "view": {view}}, nil); !slices.Equal(apps, []string{"editor"}) {
		t.Fatalf("an application is meant, and %v goes", apps)
	}
}

// TestGoes: a time takes every box that it touches, and what lies beside it is counted.
func TestGoes(t *testing.T) {
	at := time.Date(2026, 3, 4, 10, 0, 0, 0, time.Local)
	x := newIndex(mineOf(typedBox("aa", "walrus", at), typedBox("bb", "pelican", at.Add(2*time.Minute)), typedBox("cc", "ocelot", at.Add(time.Hour))))
	must(t, x.refresh(t.Context()))
	defer x.end()
	q := goes(x.all(), at.Add(30*time.Second), at.Add(2*time.Minute))
	if q.Boxes != 2 || q.Actions != 2 || q.Beside != 1 || !q.Begin.Equal(at) || !q.End.Equal(at.Add(3*time.Minute)) {
		t.Errorf("%+v", q)
	}
	from, until, err := spanOf("2026-03-04", "10:00", "10:01")
	must(t, err)
	if !from.Equal(at) || until.Before(at.Add(time.Minute)) || !until.Before(at.Add(2*time.Minute)) {
		t.Errorf("10:00 to 10:01 is %v to %v", from, until)
	}
	for _, bad := range [][2]string{{"", "10:00"}, {"10:00", "9:59"}, {"10:00", "09:59"}, {"25:00", "26:00"}} {
		if _, _, err := spanOf("2026-03-04", bad[0], bad[1]); err == nil {
			t.Errorf("%v is taken for a time", bad)
		}
	}
}

// TestEveryReasonHasWords: a gap of every kind says why in words of its own.
func TestEveryReasonHasWords(t *testing.T) {
	seen := map[string]pb.Reason{}
	for n := range pb.Reason_name {
		r := pb.Reason(n)
		if r == pb.Reason_REASON_UNSPECIFIED {
			continue
		}
		if other, ok := seen[Why(r)]; ok {
			t.Errorf("%s and %s say the same", r, other)
		}
		seen[Why(r)] = r
	}
}

// TestFilter: an application, a kind and a word each narrow what is shown.
func TestFilter(t *testing.T) {
	rows, _ := rowsOf(&pb.Payload{Events: []*pb.Event{
		{What: &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_TEXT, Window: &pb.Window{Application: "editor"}, Text: &pb.Text{Net: "Walrus Colony"}}}},
		{What: &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_CLICK, Window: &pb.Window{Application: "files", Title: "walrus.txt"}}}},
		{What: &pb.Event_Gap{Gap: &pb.Gap{EndMs: 1000, Reason: pb.Reason_REASON_SECRET}}},
	}})
	for _, c := range []struct {
		f    filter
		want string
	}{
		{filter{}, "ttt"}, {filter{App: "editor"}, "tff"}, {filter{Class: policy.Pointer}, "ftf"}, {filter{Words: "WALRUS"}, "ttf"},
		{filter{Words: "walrus", Class: policy.Text}, "tff"}, {filter{App: "files", Words: "colony"}, "fff"},
	} {
		got := ""
		for _, r := range rows {
			got += map[bool]string{true: "t", false: "f"}[c.f.takes(r)]
		}
		if got != c.want {
			t.Errorf("%+v takes %s, not %s", c.f, got, c.want)
		}
	}
}

// TestEndStopsReading: whoever closes the page while boxes are still being opened waits for those in hand, and no other is opened.
func TestEndStopsReading(t *testing.T) {
	var opened atomic.Int32
	entered, release := make(chan struct{}, 16), make(chan struct{})
	var boxes []Box
	for i := range 16 {
		b := typedBox(string(rune('a'+i)), "walrus", time.Now().Add(-time.Duration(i)*time.Minute))
		open := b.Open
		b.Open = func() (*pb.Payload, error) {
			opened.Add(1)
			entered <- struct{}{}
			<-release
			return open()
		}
		boxes = append(boxes, b)
	}
	x := newIndex(mineOf(boxes...))
	must(t, x.refresh(t.Context()))
	for range readers {
		<-entered
	}
	ended := make(chan struct{})
	go func() { x.end(); close(ended) }()
	for !x.ended() {
		runtime.Gosched()
	}
	select {
	case <-ended:
		t.Error("it ended while boxes were being opened")
	default:
	}
	close(release)
	<-ended
	if n := opened.Load(); n != readers || len(x.all()) != 0 {
		t.Errorf("%d boxes were opened, %d are still known", n, len(x.all()))
	}
}
