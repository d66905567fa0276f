package review

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
)

// TestLongNamesAreBrief: the page of what was recorded shows the beginning of a title or a name that is long, and all of it beside, once; a short one stands as it is.
func TestLongNamesAreBrief(t *testing.T) {
	for s, want := range map[string]string{
		"":                        "",
		"a title":                 "a title",
		strings.Repeat("é", 160):  strings.Repeat("é", 160),
		strings.Repeat("é", 161):  strings.Repeat("é", 160) + "…",
		strings.Repeat("\x1b", 5): strings.Repeat(`\u001b`, 5),
	} {
		if got := brief(s); got != want {
			t.Errorf("%.20q… is shown as %.40q…, want %.40q…", s, got, want)
		}
	}
	long := strings.Repeat("many words ", 5000) + "its end"
	at := time.Now().Add(-time.Hour)
	box := typedBox("aa", "walrus", at)
	box.Open = func() (*pb.Payload, error) {
		act := func(title, name string) *pb.Event {
			return &pb.Event{What: &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_CLICK, Window: &pb.Window{Application: "editor", Title: title}, Element: &pb.Element{Role: "push button", Name: name}}}}
		}
		return &pb.Payload{Schema: 1, Session: make([]byte, 16), StartedAt: at.UnixMilli(), Events: []*pb.Event{act(long, "Save"), act("short", long), act("short", "Save")}}, nil
	}
	s := serve(t, Options{Desk: unlocking(mineOf(box))})
	c := visitor(t)
	proof := s.enter(t, c)
	if code := s.post(t, c, "/unlock", url.Values{"proof": {proof}, "secret": {"right"}}, nil); code != http.StatusOK {
		t.Fatalf("the passphrase is refused: %d", code)
	}
	for _, path := range []string{"/recorded", "/cut/aa"} {
		_, body := get(t, c, s.base+path)
		if n := strings.Count(body, "its end"); n != 2 || strings.Count(body, `<p dir="auto">many words `) != 2 || strings.Count(body, "many words ") > 2*5000+2*15 {
			t.Errorf("%s: long names stand there whole %d times", path, n)
		}
		for _, what := range []string{"title", "name"} {
			if n := strings.Count(body, ">The whole "+what+"</summary>"); n != 1 {
				t.Errorf("%s: %d times the whole %s", path, n, what)
			}
		}
	}
}
