package tray

import (
	"context"
	"errors"
	"time"
)

// Errors of Run. Each says what the person can do.
var (
	ErrNoBus = errors.New("there is no session bus, so no tray icon; the mark on the screen says the same")
	ErrGone  = errors.New("the session bus went away, and the tray icon with it; restart the agent to have it again")
)

// NoHost is what is told when no program shows tray icons.
const NoHost = "no program here shows tray icons (GNOME needs the extension AppIndicator); the mark on the screen says the same"

// Act is what the person asks for with a click.
type Act uint8

// The acts.
const (
	None Act = iota
	PauseForever
	PauseHour
	PauseQuarter
	Resume
	Forget // the last 10 minutes
	Review
	Withdraw
	Quit // stop recording until the person resumes, and end the agent
)

// View is everything that the tray shows. It holds states, names of consented applications and times, never content.
type View struct {
	State       string // as the gate names it
	Words       string // why nothing is recorded at this instant
	App         string // that is recorded now
	Kinds       string // of data that are recorded of it: "pointer, text"
	PausedUntil time.Time
	AgreedUntil time.Time // zero if there is no consent
	Held        int       // boxes that have not left
	NextSend    time.Time // when the oldest held box may leave
	Thrift      string    // what is spared, and why; "" if nothing is
	Used, Most  int64     // bytes that left today, and that may; Most 0: not known
	Waits       string    // why held boxes do not leave although they may by their age; "" if nothing keeps them
	Answer      string    // what came of the last click

	lastApp string    // panel: what was recorded last
	lastAt  time.Time // panel: until then
}

// Options is what a tray needs. All fields are mandatory.
type Options struct {
	View    func() View                      // what holds now
	Changed <-chan struct{}                  // receives when View may have changed
	Do      func(ctx context.Context, a Act) // carries an act out and puts what came of it into View; may run several at once
	Host    func(words string)               // is told why nobody shows the icon, and "" when somebody does
}
