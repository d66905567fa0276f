package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

const (
	childSocket = "BYLEAVE_TEST_SOCKET"
	childBlind  = "BYLEAVE_TEST_BLIND"
)

// callAsChild is what the test binary does when it runs again as another user: it calls the agent as our commands do, or as a program of its own
// would, which asks nobody who listens.
func callAsChild() int {
	path := os.Getenv(childSocket)
	if os.Getenv(childBlind) != "" {
		return callBlindly(path)
	}
	err := Call(context.Background(), path, "pause", nil, nil)
	switch {
	case err == nil:
		fmt.Println("allowed")
	case errors.Is(err, ErrDenied):
		fmt.Println("denied")
	default:
		fmt.Println("other:", err)
	}
	return 0
}

func callBlindly(path string) int {
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	res, err := c.Post("http://agent/pause", "application/json", nil)
	if err != nil {
		fmt.Println("other:", err)
		return 0
	}
	defer res.Body.Close()
	fmt.Println(map[int]string{http.StatusOK: "allowed", http.StatusForbidden: "denied"}[res.StatusCode])
	return 0
}

func TestMain(m *testing.M) {
	if os.Getenv(childSocket) != "" {
		os.Exit(callAsChild())
	}
	goleak.VerifyTestMain(m, ofSystem...)
}

// folder is a short private folder: socket paths have a limit that t.TempDir's names can exceed.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// serve starts an agent's door and waits until it answers.
func serve(t *testing.T, verbs map[string]Verb) (path string, logged *lockedBuffer) {
	t.Helper()
	path = filepath.Join(folder(t), "control.sock")
	logged = &lockedBuffer{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, path, verbs, slog.New(slog.NewTextHandler(logged, nil)), nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the socket is still there after Serve: %v", err)
		}
	})
	until(t, func() bool { return !errors.Is(Call(t.Context(), path, "none", nil, nil), ErrNotRunning) })
	return path, logged
}

// until polls a condition that another goroutine makes true.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	limit := time.After(2 * time.Minute)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-limit:
			t.Fatal("waited in vain")
		case <-tick.C:
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func echo(_ context.Context, in json.RawMessage) (any, error) { return in, nil }

func TestCallCarriesQuestionAndAnswer(t *testing.T) {
	type text struct{ A string }
	path, _ := serve(t, map[string]Verb{
		"echo": {Do: echo},
		"fail": {Do: func(context.Context, json.RawMessage) (any, error) {
			return nil, errors.New("nothing to resume; you did not pause")
		}},
	})
	in, out := text{"pause 30m ␛[31m"}, text{}
	if err := Call(t.Context(), path, "echo", in, &out); err != nil || !cmp.Equal(in, out) {
		t.Fatalf("echo: %v %v", out, err)
	}
	var verb *VerbError
	if err := Call(t.Context(), path, "fail", nil, nil); !errors.As(err, &verb) || verb.Message != "nothing to resume; you did not pause" {
		t.Fatalf("fail: %v", err)
	}
	if err := Call(t.Context(), path, "unheard", nil, nil); !errors.As(err, &verb) || !strings.Contains(verb.Message, "restart") {
		t.Fatalf("unknown verb: %v", err)
	}
}

func TestMalformedRequestsRunNoVerb(t *testing.T) {
	ran := make(chan string, 100)
	path, _ := serve(t, map[string]Verb{"echo": {Do: func(_ context.Context, in json.RawMessage) (any, error) {
		ran <- string(in)
		return nil, nil
	}}})
	huge := `"` + strings.Repeat("x", maxBody) + `"`
	for name, raw := range map[string]string{
		"not HTTP":         "\x00\x01\x02\r\n\r\n",
		"GET":              "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n",
		"not JSON":         "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n{a}",
		"two values":       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n1 2",
		"too large":        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + itoa(len(huge)) + "\r\n\r\n" + huge,
		"header too large": "POST /echo HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 64<<10) + "\r\n\r\n",
		"path climbs":      "POST /../echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		"empty path":       "POST * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		"NUL in verb":      "POST /echo%00 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
	} {
		if status := send(t, path, raw); status < 400 {
			t.Errorf("%s: status %d", name, status)
		}
	}
	select {
	case in := <-ran:
		t.Fatalf("a verb ran on a malformed request with %.20q", in)
	default:
	}
	if err := Call(t.Context(), path, "echo", nil, nil); err != nil || <-ran != "null" {
		t.Fatalf("after all that, a good request: %v", err)
	}
}

func itoa(n int) string {
	b, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// send writes raw bytes and returns the status of the answer, 400 if the connection was cut without one.
func send(t *testing.T, path, raw string) int {
	t.Helper()
	c, err := dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		if _, err := io.WriteString(c, raw); err != nil {
			return // the server may refuse before it has read everything
		}
	}()
	head := make([]byte, 12)
	if _, err := io.ReadFull(c, head); err != nil {
		return http.StatusBadRequest
	}
	return 100*int(head[9]-'0') + 10*int(head[10]-'0') + int(head[11]-'0')
}

func TestPanicSaysNothingOfItsValue(t *testing.T) {
	const secret = "typed text that must not be logged"
	path, logged := serve(t, map[string]Verb{
		"bad":  {Do: func(context.Context, json.RawMessage) (any, error) { panic(secret) }},
		"odd":  {Do: func(context.Context, json.RawMessage) (any, error) { return func() {}, nil }},
		"echo": {Do: echo},
	})
	for _, verb := range []string{"bad", "odd"} {
		err := Call(t.Context(), path, verb, nil, nil)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Fatalf("%s: %v", verb, err)
		}
	}
	if s := logged.String(); strings.Contains(s, secret) || !strings.Contains(s, "verb=bad") {
		t.Fatalf("log: %s", s)
	}
	if err := Call(t.Context(), path, "echo", nil, nil); err != nil {
		t.Fatalf("the agent died: %v", err)
	}
}

func TestManyCallersAreServed(t *testing.T) {
	path, _ := serve(t, map[string]Verb{"echo": {Do: echo}})
	var wg sync.WaitGroup
	errs := make(chan error, 4*maxClients)
	for range 4 * maxClients {
		wg.Go(func() { errs <- Call(t.Context(), path, "echo", 1, nil) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	entered := make(chan struct{})
	path, _ := serve(t, map[string]Verb{"slow": {Do: func(ctx context.Context, _ json.RawMessage) (any, error) {
		close(entered)
		<-ctx.Done()
		return nil, ctx.Err()
	}}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-entered; cancel() }()
	if err := Call(ctx, path, "slow", nil, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("slow: %v", err)
	}
}

func TestMay(t *testing.T) {
	for _, c := range []struct {
		caller, self string
		root, ok     bool
	}{
		{"1000", "1000", false, true},
		{"1000", "1000", true, true},
		{superuser, "1000", true, true},
		{superuser, "1000", false, false},
		{"1001", "1000", true, false},
		{"1001", "1000", false, false},
		{superuser, superuser, false, true},
		{"1000", superuser, true, false},
		{"", "1000", true, false},
		{"", "", true, false},
	} {
		if got := may(c.caller, c.self, Verb{Root: c.root}); got != c.ok {
			t.Errorf("caller %s, agent of %s, verb for root %v: %v", c.caller, c.self, c.root, got)
		}
	}
}

// TestKnowsRunsNothing: whether a verb exists is told without running it, and any doubt is no.
func TestKnowsRunsNothing(t *testing.T) {
	ran := make(chan struct{}, 10)
	path, _ := serve(t, map[string]Verb{"forget": {Do: recordRun(ran)}})
	if !Knows(t.Context(), path, "forget") || Knows(t.Context(), path, "remember") || Knows(t.Context(), path+"x", "forget") {
		t.Error("what the agent knows is not told right")
	}
	select {
	case <-ran:
		t.Error("the verb ran")
	default:
	}
}
