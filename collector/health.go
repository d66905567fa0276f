package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// healthName is the socket on which a local supervisor asks how the collector is. It is a file of the collector's own user and no port,
// so that nobody on the network can ask. What it says has no count of devices, boxes or streams: a figure that follows what one
// person does would tell of them.
const healthName = "health.sock"

// health answers /healthy (can the store be asked?), /ready (are boxes taken?) and /metrics (the same, for prometheus).
type health struct {
	alive   func(context.Context) error
	ready   func() error
	expires map[string]func() time.Time // what ends by itself; zero: there is none

	confined bool // to its folder
}

func (c *collector) health() *health {
	return &health{
		alive: func(ctx context.Context) error {
			if _, err := c.store.Active(ctx, store.DeviceRole, store.ID{}); err != nil {
				return errors.New("the index cannot be read: see the log")
			}
			return nil
		},
		ready:    c.ingest.Ready,
		confined: c.confined,
		expires: map[string]func() time.Time{
			"authority": func() time.Time { return c.authority.Certificate().NotAfter },
			"policy":    func() time.Time { return c.policy.Policy().Expires() },
		},
	}
}

// ServeHTTP answers in one line: 200 and ok, or 503 and why not.
func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	alive := h.alive(ctx)
	var err error
	switch r.URL.Path {
	case "/healthy":
		err = alive
	case "/ready":
		err = errors.Join(alive, h.ready())
	case "/metrics":
		h.metrics(w, alive)
		return
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	fmt.Fprintln(w, "ok")
}

// metrics is the text form of prometheus. No memory, no goroutines, no bytes on disk: they follow what people send.
func (h *health) metrics(w io.Writer, alive error) {
	one := func(ok bool) int {
		if ok {
			return 1
		}
		return 0
	}
	fmt.Fprintf(w, "# TYPE byleave_healthy gauge\nbyleave_healthy %d\n", one(alive == nil))
	fmt.Fprintf(w, "# TYPE byleave_confined gauge\nbyleave_confined %d\n", one(h.confined))
	fmt.Fprintf(w, "# TYPE byleave_ready gauge\nbyleave_ready %d\n# TYPE byleave_expires_timestamp_seconds gauge\n", one(alive == nil && h.ready() == nil))
	for _, what := range []string{"authority", "policy"} {
		if end := h.expires[what](); !end.IsZero() {
			fmt.Fprintf(w, "byleave_expires_timestamp_seconds{what=%q} %d\n", what, end.Unix())
		}
	}
}

// listenHealth opens the socket, before the collector says that it is ready. Where that cannot be it goes on without: nil.
func (c *collector) listenHealth() net.Listener {
	path := c.home.path(healthName)
	err := os.Remove(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.log.Warn("health is not served", "error", err)
		return nil
	}
	l, err := net.Listen("unix", path) // in a folder of mode 0700
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		c.log.Warn("health is not served", "error", err)
		return nil
	}
	return l
}

// serveHealth serves until the collector has drained, so that a supervisor sees it draining.
func (c *collector) serveHealth(l net.Listener, drained <-chan struct{}) error {
	if l == nil {
		return nil
	}
	srv := &http.Server{Handler: c.health(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 10 * time.Second, MaxHeaderBytes: 4 << 10}
	end := make(chan error, 1)
	go func() {
		<-drained
		end <- srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", healthName, err)
	}
	return <-end
}

// errNotRunning is what nobody who answers means.
var errNotRunning = errors.New("no collector runs in this folder")

// askHealth asks the collector that runs in h.
func askHealth(ctx context.Context, h home, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", h.path(healthName))
	}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://collector"+path, nil)
	if err != nil {
		return "", fmt.Errorf("ask the collector: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", errNotRunning
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return "", fmt.Errorf("ask the collector: %w", err)
	}
	if says := strings.TrimSpace(string(text)); resp.StatusCode != http.StatusOK {
		return "", errors.New(says)
	}
	return strings.TrimSpace(string(text)), nil
}
