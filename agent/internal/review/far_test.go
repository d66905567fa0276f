package review

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestFarPageHasNothingOfThisComputer: the page of a receipt shows what was fetched and erases all of it after a yes. Whatever would touch this
// computer, or less than everything, is not there; a collector that is away is no wrong code.
func TestFarPageHasNothingOfThisComputer(t *testing.T) {
	erased := 0
	m := mineOf(typedBox("aa", "walrus", time.Now().Add(-time.Hour)))
	m.ForgetAll = func(_ context.Context, secret []byte) (Forgotten, error) {
		if len(secret) != 0 {
			t.Error("a new key is made for a receipt")
		}
		erased++
		return Forgotten{All: true, Record: "The collector destroyed it."}, nil
	}
	d, away := unlocking(m), true
	open := d.Unlock
	d.Far, d.Unlock = true, func(ctx context.Context, secret []byte) (Mine, error) {
		if away {
			return Mine{}, Away{errors.New("the collector does not answer")}
		}
		return open(ctx, secret)
	}
	h := &hands{c: visitor(t), stand: serve(t, Options{Desk: d})}
	h.proof = h.enter(t, h.c)
	if body, _ := h.press(t, "/unlock", url.Values{"secret": {"right"}}); !strings.Contains(body, "the collector does not answer") || strings.Contains(body, "walrus") {
		t.Errorf("a collector that is away: %s", body)
	}
	away = false
	if body, _ := h.press(t, "/unlock", url.Values{"secret": {"wrong"}}); !strings.Contains(body, "That did not open it") {
		t.Errorf("a wrong code: %s", body)
	}
	body, at := h.press(t, "/unlock", url.Values{"secret": {"right"}})
	if at != "/recorded" || !strings.Contains(body, "walrus") || strings.Contains(body, "/forget/ask") || strings.Contains(body, "/cut/") || strings.Contains(body, "/use") {
		t.Errorf("%s: %s", at, body)
	}
	for _, path := range posts {
		if path == "/close" || path == "/lock" || path == "/unlock" || path == "/recorded/look" || path == "/forget/everything" {
			continue
		}
		if code := h.post(t, h.c, path, url.Values{"proof": {h.proof}, "box": {"aa"}, "app": {"656469746f72"}, "yes": {"yes"}}, nil); code != http.StatusNotFound && code != http.StatusMethodNotAllowed {
			t.Errorf("%s is answered with %d", path, code)
		}
	}
	for _, path := range []string{"/use", "/consent", "/cut/aa", "/receipts/x.txt", "/consent/given"} {
		if code, _ := get(t, h.c, h.base+path); code != http.StatusNotFound {
			t.Errorf("%s is answered with %d", path, code)
		}
	}
	if n := h.did.Load(); n != 0 || erased != 0 {
		t.Errorf("%d things were done on this computer, %d erased", n, erased)
	}
	if body, _ = h.press(t, "/forget/everything", url.Values{"yes": {"no"}}); erased != 0 || !strings.Contains(body, "nothing was deleted") {
		t.Errorf("without a yes %d were erased: %s", erased, body)
	}
	if body, _ = h.press(t, "/forget/everything", url.Values{"yes": {"yes"}}); erased != 1 || !strings.Contains(body, "The collector destroyed it.") || strings.Contains(body, "recovery code, shown") {
		t.Errorf("after a yes %d were erased: %s", erased, body)
	}
	if body, _ = h.press(t, "/recorded/look", url.Values{}); strings.Contains(body, "walrus") {
		t.Error("the page is not locked after the erasure")
	}
}
