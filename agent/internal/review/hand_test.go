package review

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// TestEveryPostIsTried: the list of what strangers try is the list of what there is.
func TestEveryPostIsTried(t *testing.T) {
	b, err := os.ReadFile("server.go")
	must(t, err)
	var have []string
	for _, m := range regexp.MustCompile(`"POST (/[^"]*)":`).FindAllStringSubmatch(string(b), -1) {
		have = append(have, strings.NewReplacer("{box}", "aa", "{n}", "0").Replace(m[1]))
	}
	for _, path := range have {
		if !slices.Contains(posts, path) && !strings.HasPrefix(path, "/consent/check") && !strings.HasPrefix(path, "/consent/back") {
			t.Errorf("nobody tries %s from elsewhere", path)
		}
	}
	if len(have) < len(posts) {
		t.Errorf("%d addresses take a form, %d are tried", len(have), len(posts))
	}
}

// hands is a page whose every act is counted.
type hands struct {
	*stand
	c     *http.Client
	proof string
	cuts  []Cut
	sent  [][]string
}

func handsOn(t *testing.T, boxes ...Box) *hands {
	t.Helper()
	h := &hands{c: visitor(t)}
	m := mineOf(boxes...)
	m.Narrow = func(_ context.Context, _ string, c Cut) (*pb.Payload, error) {
		p, err := boxes[0].Open()
		if len(c.Events) > 0 {
			return nil, err
		}
		return p, err
	}
	m.Cut = func(_ context.Context, _ string, c Cut) (bool, error) { h.cuts = append(h.cuts, c); return false, nil }
	m.Send = func(_ context.Context, ids []string) (Sending, error) {
		h.sent = append(h.sent, ids)
		return Sending{Boxes: len(ids), Why: "metered network"}, nil
	}
	h.stand = serve(t, Options{Desk: unlocking(m)})
	h.proof = h.enter(t, h.c)
	h.press(t, "/unlock", url.Values{"secret": {"right"}})
	return h
}

// press sends a form and returns the page that follows, and its view.
func (h *hands) press(t *testing.T, path string, v url.Values) (body, at string) {
	t.Helper()
	v.Set("proof", h.proof)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.base+path, strings.NewReader(v.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := h.c.Do(r)
	must(t, err)
	defer res.Body.Close()
	var b strings.Builder
	_, err = io.Copy(&b, res.Body)
	must(t, err)
	return b.String(), res.Request.URL.Path
}

// TestCutAsksFirst: nothing is cut before what is left was shown, and a second press on the same page cuts nothing more.
func TestCutAsksFirst(t *testing.T) {
	h := handsOn(t, typedBox("aa", "the walrus", time.Now().Add(-time.Hour)))
	h.press(t, "/cut/aa/now", url.Values{})
	if len(h.cuts) != 0 {
		t.Fatal("it was cut before anything was shown")
	}
	if body, at := h.press(t, "/cut/aa", url.Values{"text-0": {"the walrus"}, "words": {" \r\n"}}); at != "/cut/aa" || !strings.Contains(body, "Nothing is chosen yet") {
		t.Errorf("an empty cut goes on to %s", at)
	}
	for _, bad := range []url.Values{{"event": {"7"}}, {"event": {"-1"}}, {"frame": {"zz"}}, {"text-9": {"x"}}, {"text-0": {"the walrus"}}} {
		if _, at := h.press(t, "/cut/aa", bad); at != "/cut/aa" {
			t.Errorf("%v is taken", bad)
		}
	}
	if _, at := h.press(t, "/cut/aa", url.Values{"text-0": {"the\r\nocelot"}, "words": {"a\r\n b "}}); at != "/cut/aa/left" || len(h.cuts) != 0 {
		t.Fatalf("a cut goes on to %s", at)
	}
	if body, _ := h.press(t, "/cut/aa/now", url.Values{}); !strings.Contains(body, "It is taken out") {
		t.Error("it is not said that it was cut")
	}
	h.press(t, "/cut/aa/now", url.Values{})
	if len(h.cuts) != 1 || h.cuts[0].Texts[0] != "the\nocelot" || !slices.Equal(h.cuts[0].Words, []string{"a", "b"}) {
		t.Errorf("cut %+v", h.cuts)
	}
}

// TestNothingIsCutOutOfWhatWasSent: what left can only go whole.
func TestNothingIsCutOutOfWhatWasSent(t *testing.T) {
	b := typedBox("aa", "the walrus", time.Now().Add(-time.Hour))
	b.State = Sent
	h := handsOn(t, b)
	for _, path := range []string{"/cut/aa", "/cut/aa/now", "/cut/aa/picture/0", "/cut/zz"} {
		if body, _ := h.press(t, path, url.Values{"event": {"0"}}); len(h.cuts) != 0 || strings.Contains(body, "walrus") {
			t.Errorf("%s does something", path)
		}
	}
}

// TestSendAsksFirst: exactly what was shown is let go, and the page says why it waits all the same.
func TestSendAsksFirst(t *testing.T) {
	at := time.Now().Add(-time.Hour)
	boxes := []Box{typedBox("bb", "second", at.Add(time.Minute)), typedBox("aa", "first", at), typedBox("cc", "gone", at.Add(-time.Hour))}
	boxes[0].Sequence, boxes[1].Sequence, boxes[2].Sequence, boxes[2].State = 3, 2, 1, Sent
	h := handsOn(t, boxes...)
	if h.press(t, "/send", url.Values{"view": {"1"}}); len(h.sent) != 0 {
		t.Fatal("something was sent that nobody was asked about")
	}
	body, view := h.press(t, "/send/ask", url.Values{})
	if !strings.Contains(body, "Send 2 boxes now?") || len(h.sent) != 0 {
		t.Errorf("what would leave is not shown:\n%s", body)
	}
	body, _ = h.press(t, "/send", url.Values{"view": {strings.TrimPrefix(view, "/recorded/")}})
	if len(h.sent) != 1 || !slices.Equal(h.sent[0], []string{"aa", "bb"}) || !strings.Contains(body, "2 boxes may leave now, and wait all the same: metered network.") {
		t.Errorf("sent %v; it says:\n%s", h.sent, body)
	}
}

// TestSwitchesOnlyTake: from every consent, switching a kind off takes exactly that kind, and never the last one.
func TestSwitchesOnlyTake(t *testing.T) {
	p := asked(t, nil)
	v := View{Newest: p, Pinned: p}
	if sw := switchesOf(v); sw[policy.Pointer].On || !sw[policy.Pointer].Asked {
		t.Errorf("without a consent: %+v", sw)
	}
	s := &server{opt: Options{Now: time.Now}}
	if c := s.lessOf(v, func(string, policy.Class) bool { return true }); len(c.Grants) != 0 {
		t.Errorf("out of nothing came %v", c.Grants)
	}
}

// TestPicturesTakeTheirWordsAlong: where no picture is taken nothing can be shown again in one; any other kind goes alone.
func TestPicturesTakeTheirWordsAlong(t *testing.T) {
	p := asked(t, func(m map[string]any) {
		m["classes"] = append(m["classes"].([]any), "DATA_CLASS_LABELS", "DATA_CLASS_LINES")
	})
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	var all policy.Classes
	for _, c := range policy.AllClasses() {
		all = all.With(c)
	}
	m, err := policy.NewConsent(p, policy.Choice{
		Grants: map[string]policy.Classes{"editor": all}, Hours: p.Message().GetHours(), Expires: time.Now().Add(time.Hour),
		Gesture: "test", Subject: [16]byte{1}, Device: [16]byte{2}, Now: time.Now(), Rand: rand.Reader,
	})
	must(t, err)
	signed, err := policy.SignConsent(m, key)
	must(t, err)
	c, err := policy.ParseConsent(signed, pub, p)
	must(t, err)
	s := &server{opt: Options{Now: time.Now}}
	for _, off := range kinds() {
		want := all.Without(off)
		if off == policy.Frames {
			want = want.Without(policy.Labels).Without(policy.Lines)
		}
		if got := s.withoutKind(View{Consent: c}, off).Grants["editor"]; got != want {
			t.Errorf("%v off leaves %v, want %v", off, got, want)
		}
	}
}

// TestReadsAreShown as the ledger tells them, what does not fit it first; without a ledger it is said that nobody knows.
func TestReadsAreShown(t *testing.T) {
	for name, c := range map[string]struct {
		reads func(context.Context) (Reads, error)
		want  []string
	}{
		"nobody knows": {nil, []string{"Not known here"}},
		"no answer":    {func(context.Context) (Reads, error) { return Reads{}, errors.New("the collector <b>sleeps</b>") }, []string{"Not known at the moment: the collector &lt;b&gt;sleeps"}},
		"none":         {func(context.Context) (Reads, error) { return Reads{}, nil }, []string{"Nobody: the ledger holds no read of yours"}},
		"some": {func(context.Context) (Reads, error) {
			return Reads{Lines: []string{"Export 7 took 3 boxes"}, Wrong: []string{"Export 9 is in no ledger"}}, nil
		}, []string{"Export 7 took 3 boxes", "Export 9 is in no ledger"}},
	} {
		s := serve(t, Options{Desk: Desk{Reads: c.reads}})
		client := visitor(t)
		s.enter(t, client)
		_, body := get(t, client, s.base+"/use")
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page says\n%s", name, body)
			}
		}
	}
}

// TestFirstPageNeverWaitsForItself: a file from nowhere, newer than all boxes, holds back neither them nor the page.
func TestFirstPageNeverWaitsForItself(t *testing.T) {
	at := time.Now().AddDate(0, 0, -3)
	stray := typedBox("ff", "stray", time.Now())
	stray.State, stray.Sequence = Aside, 0
	h := handsOn(t, typedBox("aa", "the walrus", at), typedBox("bb", "an ocelot", at.AddDate(0, 0, -1)), stray)
	if _, body := get(t, h.c, h.base+"/recorded"); !strings.Contains(body, "the walrus") {
		t.Errorf("the newest day is not shown:\n%s", body)
	}
	if body, _ := h.press(t, "/recorded/look", url.Values{"words": {"ocelot"}}); !strings.Contains(body, "an ocelot") {
		t.Errorf("an older day is not found:\n%s", body)
	}
}
