package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	maxBody    = 2 << 20 // a sealed box of the largest size, as text
	maxHeader  = 8 << 10
	maxClients = 32
	readLimit  = 10 * time.Second
	drainLimit = 5 * time.Second
)

// ErrRunning means that an agent already listens on this socket.
var ErrRunning = errors.New("an agent already runs for this user; see byleave status")

// Verb is one thing that a caller may ask. Do gets the caller's JSON, at most 256 KiB, and returns what is sent back as
// JSON; its error text is shown to the caller as it is. Do may run several times at once.
type Verb struct {
	Root bool // root may call it, too: it stops or it only tells of health
	Do   func(ctx context.Context, in json.RawMessage) (any, error)
}

// Serve answers verbs on the socket at path (on Windows: on the pipe that stands for it) until ctx ends, then lets running verbs finish for 5 s. It makes the folder with
// mode 0700, takes the place of a socket that nobody listens on, and returns ErrRunning if somebody does. Once callers reach it,
// it calls ready (nil: nobody wants to know).
func Serve(ctx context.Context, path string, verbs map[string]Verb, log *slog.Logger, ready func()) error {
	user, err := self()
	if err != nil {
		return err
	}
	l, err := listen(path)
	if err != nil {
		return err
	}
	if ready != nil {
		ready()
	}
	d := &door{verbs: verbs, log: log, self: user}
	srv := &http.Server{
		Handler:           d,
		ConnContext:       withConn,
		ReadHeaderTimeout: readLimit,
		ReadTimeout:       readLimit,
		MaxHeaderBytes:    maxHeader,
		// The library's own words could quote a panic value, and with it content.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	srv.SetKeepAlivesEnabled(false) // a quiet agent holds no connection and no timer
	done := make(chan error, 1)
	go func() { done <- srv.Serve(newBounded(l, maxClients)) }()
	select {
	case err = <-done: // the listener died
	case <-ctx.Done():
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
		defer cancel()
		err = errors.Join(srv.Shutdown(limit), <-done)
	}
	if errors.Is(err, http.ErrServerClosed) && ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the control socket: %w", err)
}

// door checks the caller, then runs a verb.
type door struct {
	verbs map[string]Verb
	log   *slog.Logger
	self  string // the user of this process, as the system names users
}

type connKey struct{}

// withConn lets the handler ask who is at the other end of its connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// caller is the user at the other end, as the operating system names it. It is asked once a connection, since each carries one request.
func caller(ctx context.Context) (string, error) {
	c, ok := ctx.Value(connKey{}).(net.Conn)
	if !ok {
		return "", errors.New("no connection to ask")
	}
	return peer(c)
}

// may decides whether a caller may run a verb of an agent of user self.
func may(caller, self string, v Verb) bool {
	return caller != "" && (caller == self || caller == superuser && v.Root)
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path
	if len(name) > 0 {
		name = name[1:]
	}
	v, known := d.verbs[name]
	user, err := caller(r.Context())
	if err != nil || user != d.self && !(known && may(user, d.self, v)) { // a stranger does not even learn the verbs
		d.log.Warn("control: caller refused", "user", user, "identified", err == nil)
		reply(w, http.StatusForbidden, answer{Error: "this agent belongs to another user"})
		return
	}
	if !known {
		reply(w, http.StatusNotFound, answer{Error: "this agent does not know that verb; it may be older than the command: restart it with byleave stop, byleave start"})
		return
	}
	if r.Method != http.MethodPost {
		reply(w, http.StatusMethodNotAllowed, answer{Error: "verbs are asked with POST"})
		return
	}
	in, err := readBody(w, r)
	if err != nil {
		reply(w, http.StatusBadRequest, answer{Error: err.Error()})
		return
	}
	d.run(w, r, name, v, in)
}

// readBody returns the JSON of a request, "null" for an empty one.
func readBody(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("the request is larger than %d bytes or broke off", maxBody)
	}
	if len(b) == 0 {
		return json.RawMessage("null"), nil
	}
	if !json.Valid(b) {
		return nil, errors.New("the request is not JSON")
	}
	return b, nil
}

// run runs a verb. A panic of one verb is answered and logged without its value, and does not end the agent.
func (d *door) run(w http.ResponseWriter, r *http.Request, name string, v Verb, in json.RawMessage) {
	defer func() {
		if recover() != nil {
			d.log.Error("control: a verb panicked", "verb", name)
			reply(w, http.StatusInternalServerError, answer{Error: "the agent made a mistake in " + name + "; please report it"})
		}
	}()
	out, err := v.Do(r.Context(), in)
	if err != nil {
		reply(w, http.StatusUnprocessableEntity, answer{Error: err.Error()})
		return
	}
	b, err := json.Marshal(out)
	if err != nil {
		d.log.Error("control: an answer cannot be encoded", "verb", name)
		reply(w, http.StatusInternalServerError, answer{Error: "the agent cannot encode its answer to " + name})
		return
	}
	reply(w, http.StatusOK, answer{Out: b})
}

// answer is the one shape of every reply.
type answer struct {
	Error string          `json:"error,omitempty"`
	Out   json.RawMessage `json:"out,omitempty"`
}

// reply writes an answer; a caller that left does not get it, and nothing else changes.
func reply(w http.ResponseWriter, status int, a answer) {
	b, err := json.Marshal(a)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"the agent cannot encode its answer"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(b); err != nil {
		return
	}
}
