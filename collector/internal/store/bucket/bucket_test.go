package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open makes an S3 server in this process with one bucket.
func open(t *testing.T) *Bucket {
	t.Helper()
	b, _ := behind(t, func(next http.Handler) http.Handler { return next })
	return b
}

// behind is open with something between bucket and server.
func behind(t *testing.T, between func(next http.Handler) http.Handler) (*Bucket, *s3mem.Backend) {
	t.Helper()
	backend := s3mem.New()
	must(t, backend.CreateBucket("byleave"))
	srv := httptest.NewServer(between(gofakes3.New(backend).Server()))
	t.Cleanup(srv.Close)
	keys := filepath.Join(t.TempDir(), "keys")
	must(t, os.WriteFile(keys, []byte("[default]\naws_access_key_id = a\naws_secret_access_key = b\n"), 0o600))
	b, err := Open(ctx, Options{Endpoint: srv.URL, Region: "us-east-1", Name: "byleave", KeyFile: keys})
	must(t, err)
	t.Cleanup(b.Close)
	return b, backend
}

// TestNothingExistsThatIsNotThere: a server that refuses because of another's write that is under way is asked again: nobody could read
// what it says exists.
func TestNothingExistsThatIsNotThere(t *testing.T) {
	for _, code := range []int{http.StatusPreconditionFailed, http.StatusConflict} {
		for _, others := range []bool{false, true} { // whether the other's write comes to something
			refused := 0
			var backend *s3mem.Backend
			b, back := behind(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodPut || refused == 2 {
						next.ServeHTTP(w, r)
						return
					}
					if refused++; refused == 2 && others {
						_, err := backend.PutObject("byleave", "keys/1", map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}, strings.NewReader("other"), 5, nil)
						must(t, err)
					}
					w.WriteHeader(code)
				})
			})
			backend = back
			err := b.Put(ctx, "keys/1", []byte("first"))
			want := "first"
			if others {
				want = "other"
			}
			if got, e := b.Get(ctx, "keys/1"); e != nil || string(got) != want || errors.Is(err, ErrExists) != others || !others && err != nil {
				t.Errorf("%d: %v, and there is %q, %v", code, err, got, e)
			}
		}
	}
	b, _ := behind(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				w.WriteHeader(http.StatusConflict)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	if err := b.Put(ctx, "keys/1", []byte("first")); err == nil || errors.Is(err, ErrExists) {
		t.Errorf("an object that is not there: %v", err)
	}
}

func TestObjectsAreWrittenOnce(t *testing.T) {
	b := open(t)
	must(t, b.Put(ctx, "packs/1", []byte("first")))
	if err := b.Put(ctx, "packs/1", []byte("other")); !errors.Is(err, ErrExists) {
		t.Fatal("an object was written twice:", err)
	}
	got, err := b.Get(ctx, "packs/1")
	must(t, err)
	if string(got) != "first" {
		t.Fatalf("%q", got)
	}
	if got, err = b.Range(ctx, "packs/1", 1, 3); err != nil || string(got) != "irs" {
		t.Fatalf("%q %v", got, err)
	}
	if _, err := b.Range(ctx, "packs/1", 3, 10); err == nil {
		t.Fatal("bytes beyond the end were read")
	}
	must(t, b.Delete(ctx, "packs/1"))
	must(t, b.Delete(ctx, "packs/1"))
	if _, err := b.Get(ctx, "packs/1"); !errors.Is(err, ErrMissing) {
		t.Fatal(err)
	}
	if _, err := b.Range(ctx, "packs/1", 0, 1); !errors.Is(err, ErrMissing) {
		t.Fatal(err)
	}
	must(t, b.Put(ctx, "packs/1", bytes.Repeat([]byte("x"), 9<<20))) // larger than what clients cut into parts
	if got, err := b.Get(ctx, "packs/1"); err != nil || len(got) != 9<<20 {
		t.Fatal(len(got), err)
	}
}

func TestListIsInOrderAndGoesOn(t *testing.T) {
	b := open(t)
	for i := range 1203 {
		must(t, b.Put(ctx, fmt.Sprintf("packs/%04d", i*7%1203), []byte("x")))
	}
	must(t, b.Put(ctx, "other", []byte("x")))
	for after, want := range map[string]int{"": 1203, "packs/0003": 1199, "packs/1202": 0} {
		last, n := after, 0
		for o, err := range b.List(ctx, "packs/", after) {
			must(t, err)
			if o.Key <= last || o.Made.IsZero() {
				t.Fatalf("%q after %q", o.Key, last)
			}
			last, n = o.Key, n+1
		}
		if n != want {
			t.Errorf("after %q: %d objects, want %d", after, n, want)
		}
	}
}

// TestI21ABucketThatKeepsWhatIsDeleted is told apart, with versions switched on and with versions that are left of it.
func TestI21ABucketThatKeepsWhatIsDeleted(t *testing.T) {
	b := open(t)
	must(t, b.Put(ctx, "keys/1", []byte("key")))
	must(t, b.unversioned(ctx))
	must(t, b.client.SetBucketVersioning(ctx, b.name, minio.BucketVersioningConfiguration{Status: "Enabled"}))
	if err := b.unversioned(ctx); err == nil || !strings.Contains(err.Error(), "switch versioning off") {
		t.Fatal(err)
	}
	must(t, b.Put(ctx, "keys/2", []byte("key")))
	must(t, b.Delete(ctx, "keys/2"))
	must(t, b.client.SetBucketVersioning(ctx, b.name, minio.BucketVersioningConfiguration{Status: "Suspended"}))
	if err := b.unversioned(ctx); err == nil || !strings.Contains(err.Error(), "remove all of them") {
		t.Fatal(err)
	}
}

func TestOptionsThatCannotBeRight(t *testing.T) {
	good := Options{Endpoint: "https://s3.example.org", Name: "byleave"}
	must(t, good.Check())
	must(t, Options{Endpoint: "http://127.0.0.1:9000", Name: "byleave"}.Check())
	for endpoint, says := range map[string]string{
		"":                               "without path or key",
		"s3.example.org":                 "without path or key",
		"http://s3.example.org":          "in the clear",
		"ftp://s3.example.org":           "https://",
		"https://s3.example.org/byleave": "without path or key",
		"https://key:secret@example.org": "without path or key",
	} {
		err := Options{Endpoint: endpoint, Name: "byleave"}.Check()
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
