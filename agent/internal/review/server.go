package review

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
)

const (
	idleMost    = 15 * time.Minute // after the last request the page closes by itself
	tokenLife   = 5 * time.Minute  // an address that nobody opened is dead after this
	readLimit   = 10 * time.Second
	writeLimit  = 30 * time.Second
	drainLimit  = 2 * time.Second
	maxHeader   = 16 << 10
	maxBody     = 256 << 10 // a choice of every kind of data in the largest policy fits
	mostClients = 32
)

// Desk is what the pages show and do. Its functions may be called at the same time.
type Desk struct {
	// Far says that nothing of this lies on this computer: what is shown comes from a collector, and can be read and deleted whole, no more.
	Far      bool
	Look     func(context.Context) (View, error)
	Give     func(context.Context, policy.Policy, policy.Choice) error // a yes
	Less     func(context.Context, policy.Choice) error                // a part of the consent in force; no yes
	Refuse   func(context.Context) error
	Withdraw func(context.Context) error
	Receipt  func(name string) (json, text []byte, err error)
	// Unlock opens what was recorded with the passphrase, or the recovery code; nil: there is nothing to open.
	Unlock func(context.Context, []byte) (Mine, error)
	// Use is what was used today, and what the limits are.
	Use func(context.Context) (Use, error)
	// Reads are the reads of the person's data that the public ledger holds; nil: nobody here knows them yet.
	Reads func(context.Context) (Reads, error)
}

// View is how things stand.
type View struct {
	Newest   policy.Policy   // what is asked now; zero: nothing
	Pinned   policy.Policy   // what the consent in force was given for
	Consent  policy.Consent  // in force; zero: none, or withdrawn
	Changes  []policy.Change // of what is asked against what was agreed to
	Refused  time.Time       // when the person said no; zero: they did not
	Narrowed time.Time       // when a narrower policy last took effect by itself
	State    string          // of the agent; empty if it does not run
	Words    string
	Receipts []string // the newest first
	CanErase bool     // the agent knows how to erase what was sent
}

// Options say what to serve and to whom it is said.
type Options struct {
	Desk    Desk
	MayGive bool                 // the person sits at a terminal: only then a yes is taken
	Ready   func(address string) // gets the address that works once
	Idle    time.Duration        // 0 means fifteen minutes
	Now     func() time.Time     // nil means time.Now
}

// Reason is why Serve ended.
type Reason uint8

// The ways in which a page ends.
const (
	Stopped Reason = iota // the context ended
	Closed                // the person pressed Close
	Idle                  // nobody used it
)

// Serve shows the pages until the person closes them, nobody uses them, or ctx ends. Nothing listens after it returned.
func Serve(ctx context.Context, opt Options) (Reason, error) {
	l, err := listen(ctx)
	if err != nil {
		return Stopped, err
	}
	if opt.Idle == 0 {
		opt.Idle = idleMost
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	s := newServer(l.Addr().String(), opt)
	defer s.idle.Stop()
	defer s.lock.set(nil)
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: readLimit,
		ReadTimeout:       readLimit,
		WriteTimeout:      writeLimit,
		IdleTimeout:       opt.Idle,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // it could quote a request
	}
	served := make(chan error, 1)
	go func() {
		served <- srv.Serve(&doorman{Listener: l, room: make(chan struct{}, mostClients), closed: make(chan struct{})})
	}()
	opt.Ready("http://" + s.host + "/open/" + s.door.token)
	why := Stopped
	select {
	case err = <-served:
		return why, fmt.Errorf("the page: %w", err)
	case <-ctx.Done():
	case why = <-s.ended:
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer cancel()
	if err := srv.Shutdown(limit); err != nil { // a slow client does not hold the person up
		return why, errors.Join(srv.Close(), over(served))
	}
	return why, over(served)
}

// over waits for the end of serving; that it was closed is none of its errors.
func over(served <-chan error) error {
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listen takes a free port of the loopback address. No other address is ever tried.
func listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err == nil {
		return l, nil
	}
	l, err6 := lc.Listen(ctx, "tcp6", "[::1]:0")
	if err6 != nil {
		return nil, fmt.Errorf("open the page on this computer: %w; use byleave consent show and byleave consent give instead", errors.Join(err, err6))
	}
	return l, nil
}

// doorman turns other users away before anything is read from them, and bounds how many connections are open at once.
type doorman struct {
	net.Listener
	room   chan struct{}
	closed chan struct{}
	once   sync.Once
}

// Accept returns the next connection of the same user. Strangers take nobody's place.
func (d *doorman) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !sameUser(c) {
			c.Close()
			continue
		}
		select {
		case d.room <- struct{}{}:
			return &guest{Conn: c, leave: sync.OnceFunc(func() { <-d.room })}, nil
		case <-d.closed:
			c.Close()
			return nil, net.ErrClosed
		}
	}
}

// Close ends the listener, also while every place is taken.
func (d *doorman) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Listener.Close()
}

// guest gives its place back when it leaves.
type guest struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (g *guest) Close() error {
	err := g.Conn.Close()
	g.leave()
	return err
}

// server is the pages and who may see them.
type server struct {
	opt    Options
	host   string // the only Host that is answered
	door   *door
	mux    *http.ServeMux
	ended  chan Reason
	idle   *time.Timer // one shot, set anew by every request that passed
	lock   lock
	taking sync.Mutex // one part of the consent is taken back at a time: the next one is taken out of what is left
	views  views
	wait   func(*http.Request, time.Duration) bool
}

func newServer(host string, opt Options) *server {
	s := &server{opt: opt, host: host, door: newDoor(host, opt.Now()), mux: http.NewServeMux(), ended: make(chan Reason, 2), wait: rest}
	s.idle = time.AfterFunc(opt.Idle, func() { s.end(Idle) })
	s.mux.HandleFunc("GET /open/{token}", s.open)
	s.mux.Handle("GET /static/", http.StripPrefix("/static/", http.HandlerFunc(s.static)))
	for pattern, page := range map[string]func(http.ResponseWriter, *http.Request){
		"GET /{$}":               s.home,
		"POST /close":            s.close,
		"GET /consent":           s.ask,
		"POST /consent/check":    s.check,
		"POST /consent/back":     s.back,
		"POST /consent/give":     s.give,
		"POST /consent/no":       s.refuse,
		"POST /consent/less":     s.less,
		"POST /consent/withdraw": s.withdraw,
		"GET /consent/given":     s.done,
		"GET /consent/less":      s.done,
		"GET /consent/no":        s.done,
		"GET /consent/withdrawn": s.done,
		"GET /receipts/{name}":   s.receipt,
		"GET /example/{picture}": s.picture,

		"POST /unlock":            s.unlock,
		"POST /lock":              s.lockAgain,
		"GET /recorded":           s.unlocked(s.recorded),
		"GET /recorded/{view}":    s.unlocked(s.recorded),
		"POST /recorded/look":     s.unlocked(s.look),
		"GET /frame/{box}/{n}":    s.unlockedFrame(s.frame),
		"GET /sent/{box}":         s.unlocked(s.asSent),
		"POST /forget/ask":        s.unlocked(s.askForget),
		"POST /forget":            s.unlocked(s.forget),
		"GET /forget/everything":  s.unlocked(s.askEverything),
		"POST /forget/everything": s.unlocked(s.forgetAll),
		"POST /send/ask":          s.unlocked(s.askSend),
		"POST /send":              s.unlocked(s.send),
		"POST /consent/class":     s.unlocked(s.switchOff),
		"GET /dictionary":         s.dictionary,
		"GET /use":                s.use,

		"GET /cut/{box}":                   s.unlocked(s.cutPage),
		"POST /cut/{box}":                  s.unlocked(s.cutForm),
		"GET /cut/{box}/left":              s.unlocked(s.leftPage),
		"GET /cut/{box}/left/{n}":          s.unlockedFrame(s.leftFrame),
		"POST /cut/{box}/now":              s.unlocked(s.cutNow),
		"GET /cut/{box}/picture/{n}":       s.unlocked(s.picturePage),
		"POST /cut/{box}/picture/{n}":      s.unlocked(s.pressPicture),
		"GET /cut/{box}/picture/{n}/image": s.unlockedFrame(s.pictureNow),
		"/":                                s.missing,
	} {
		if !opt.Desk.Far || slices.Contains(farPages, pattern) {
			s.mux.Handle(pattern, s.inside(page))
		}
	}
	return s
}

// farPages are those that need nothing of this computer.
var farPages = []string{"GET /{$}", "POST /close", "POST /unlock", "POST /lock", "GET /recorded", "GET /recorded/{view}", "POST /recorded/look",
	"GET /frame/{box}/{n}", "GET /sent/{box}", "GET /forget/everything", "POST /forget/everything", "GET /dictionary", "/"}

// end says once why the page ends.
func (s *server) end(why Reason) {
	select {
	case s.ended <- why:
	default:
	}
}
