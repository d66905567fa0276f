package page

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve runs h until the test ends, and returns its address.
func serve(t *testing.T, opt Options, h http.Handler) string {
	t.Helper()
	l, err := Listen(t.Context(), 0)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan struct{})
	opt.Ready = func() { close(ready) }
	go func() {
		defer close(done)
		if why, err := Serve(ctx, l, h, opt); err != nil || why != Stopped {
			t.Error(why, err)
		}
	}()
	t.Cleanup(func() { stop(); <-done })
	<-ready
	return "http://" + l.Addr().String() + "/"
}

// TestLocal: who may speak to a page, by what the browser says of where the request comes from.
func TestLocal(t *testing.T) {
	d := NewDoor("127.0.0.1:7", time.Unix(0, 0))
	for _, c := range []struct {
		method, host, site, origin string
		want                       bool
	}{
		{"GET", "127.0.0.1:7", "", "", true}, {"HEAD", "127.0.0.1:7", "none", "", true}, {"GET", "127.0.0.1:7", "same-origin", "", true},
		{"GET", "evil.example:7", "", "", false}, {"GET", "localhost:7", "", "", false}, {"GET", "127.0.0.1:8", "", "", false}, {"GET", "127.0.0.1", "", "", false},
		{"GET", "127.0.0.1:7", "cross-site", "", false}, {"GET", "127.0.0.1:7", "same-site", "", false},
		{"POST", "127.0.0.1:7", "", "", false}, {"POST", "127.0.0.1:7", "none", "", false}, {"POST", "127.0.0.1:7", "", "http://evil.example", false},
		{"POST", "127.0.0.1:7", "", "http://127.0.0.1:7", true}, {"POST", "127.0.0.1:7", "none", "http://127.0.0.1:7", false},
		{"POST", "127.0.0.1:7", "same-origin", "null", true}, {"POST", "127.0.0.1:7", "", "null", false}, {"POST", "127.0.0.1:7", "cross-site", "null", false},
	} {
		r := httptest.NewRequest(c.method, "http://"+c.host+"/", nil)
		for name, v := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin} {
			if v != "" {
				r.Header.Set(name, v)
			}
		}
		if got := d.Local(r); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
