package review

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/page"
)

const maxBody = 256 << 10 // a choice of every kind of data in the largest policy fits

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
	Wait    time.Duration        // how long a page waits for its whole day to be read; what is missing then is said. 0 means 70 ms
	Now     func() time.Time     // nil means time.Now
}

// Reason is why Serve ended.
type Reason = page.Reason

// The ways in which a page ends.
const (
	Stopped = page.Stopped // the context ended
	Closed  = page.Closed  // the person pressed Close
	Idle    = page.Idle    // nobody used it
)

// Serve shows the pages until the person closes them, nobody uses them, or ctx ends. Nothing listens after it returned.
func Serve(ctx context.Context, opt Options) (Reason, error) {
	l, err := page.Listen(ctx, 0)
	if err != nil {
		return Stopped, fmt.Errorf("%w; use byleave consent show and byleave consent give instead", err)
	}
	if opt.Idle == 0 {
		opt.Idle = page.IdleMost
	}
	if opt.Wait == 0 {
		opt.Wait = dayWait
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	s := newServer(l.Addr().String(), opt)
	defer s.idle.Stop()
	defer s.lock.set(nil)
	address := s.door.Address()
	return page.Serve(ctx, l, s, page.Options{Idle: opt.Idle, Ended: s.ended, Ready: func() { opt.Ready(address) }})
}

// server is the pages and who may see them.
type server struct {
	opt    Options
	door   *page.Door
	mux    *http.ServeMux
	ended  chan Reason
	idle   *time.Timer // one shot, set anew by every request that passed
	lock   lock
	taking sync.Mutex // one part of the consent is taken back at a time: the next one is taken out of what is left
	views  views
	wait   func(*http.Request, time.Duration) bool
}

func newServer(host string, opt Options) *server {
	s := &server{opt: opt, door: page.NewDoor(host, opt.Now()), mux: http.NewServeMux(), ended: make(chan Reason, 2), wait: rest}
	s.idle = time.AfterFunc(opt.Idle, func() { s.end(Idle) })
	s.mux.HandleFunc("GET /open/{token}", s.open)
	s.mux.HandleFunc("GET /static/style.css", s.static)
	for pattern, show := range map[string]func(http.ResponseWriter, *http.Request){
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
			s.mux.Handle(pattern, s.inside(show))
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
