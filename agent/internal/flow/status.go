package flow

import (
	"runtime"
	"strings"
	"time"

	"github.com/byleave/byleave/agent/internal/capture"
	"github.com/byleave/byleave/agent/internal/keystore"
)

// Status is what the person sees of the agent. It holds counts and reasons, never content.
type Status struct {
	State       string    `json:"state"` // off, consenting, recording, paused, excluded, blind, expired
	Words       string    `json:"words"` // why nothing is recorded at this instant, in three words; or what is
	Note        string    `json:"note,omitempty"`
	Since       time.Time `json:"since"`
	PausedUntil time.Time `json:"paused_until,omitzero"`
	Consent     *Consent  `json:"consent,omitempty"`
	Mark        bool      `json:"mark"`               // the mark can be seen
	Hotkey      string    `json:"hotkey,omitempty"`   // the combination that pauses, or why it does nothing
	Tray        string    `json:"tray,omitempty"`     // why nobody shows the tray icon
	Text        string    `json:"text,omitempty"`     // why no typed text can be recorded, where that was agreed
	Pictures    string    `json:"pictures,omitempty"` // why no line of text in them can be shown, where that was agreed
	Spool       Spool     `json:"spool"`
	NextSend    time.Time `json:"next_send,omitzero"` // when the oldest held box may leave
	Upload      string    `json:"upload,omitempty"`   // why nothing is sent, if there is a reason
	Disk        string    `json:"disk,omitempty"`
	Today       Today     `json:"today"`
	Limits      *Limits   `json:"limits,omitempty"`   // nil: they cannot be read
	Erasures    int       `json:"erasures,omitempty"` // that the collector has not answered yet
	Redactor    string    `json:"redactor"`
	Goroutines  int       `json:"goroutines"` // of the agent: one that grows is a fault
}

// Today is what left today, padding and repetitions counted, and why nothing more may leave now.
type Today struct {
	Bytes int64  `json:"bytes"`
	Most  int64  `json:"most"`
	Why   string `json:"why,omitempty"`
	// How much the agent may cost: "mains", "battery" or "saver"; what it spares therefore, and why.
	Profile string `json:"profile"`
	Thrift  string `json:"thrift,omitempty"`
	Power   string `json:"power,omitempty"` // what the computer says of its energy and its network
	// Processor is what the agent has used of it since Started; 0 where nobody knows.
	Processor time.Duration `json:"processor,omitempty"`
	Started   time.Time     `json:"started"`
}

// Limits are the person's own, the usual ones filled in.
type Limits struct {
	keystore.Limits
	Held time.Duration `json:"held"` // how long a box stays here first
}

// Consent is the consent in force.
type Consent struct {
	Purpose string    `json:"purpose"`
	Expires time.Time `json:"expires"`
}

// Spool counts boxes on this computer.
type Spool struct {
	Held        int   `json:"held"`
	HeldBytes   int64 `json:"held_bytes"`
	Sent        int   `json:"sent"`
	SentBytes   int64 `json:"sent_bytes"`
	Released    int   `json:"released,omitempty"` // held boxes that the person lets leave now
	Quarantined int   `json:"quarantined"`
	Evicted     int   `json:"evicted"`          // since the start: copies of what was sent that made room
	Dropped     int   `json:"dropped"`          // ever: unsent boxes that the person's rule destroyed
	Events      int64 `json:"events_bytes"`     // since the start: events before compression
	Compressed  int64 `json:"compressed_bytes"` // after it
	Sealed      int64 `json:"sealed_bytes"`     // boxes, padding and capsules included
}

func (a *agent) status() Status {
	g, n := a.gate.Status(), a.spool.Stats()
	s := Status{
		Goroutines: runtime.NumGoroutine(),
		State:      g.State.String(), Words: a.said(g), Since: g.Since, PausedUntil: g.PausedUntil, Mark: a.marked.Load(),
		Spool: Spool{
			Held: n.Held, HeldBytes: n.HeldBytes, Sent: n.Sent, SentBytes: n.SentBytes, Released: n.Released, Quarantined: n.Quarantined,
			Evicted: n.Evicted, Dropped: n.Dropped, Events: n.Raw, Compressed: n.Compressed, Sealed: n.Padded,
		},
	}
	if c := a.consent.Load(); c != nil {
		s.Consent = &Consent{Purpose: c.PurposeID(), Expires: c.Expires()}
	}
	a.mu.Lock()
	s.Note, s.Redactor = a.note, a.redactor.version
	a.mu.Unlock()
	if s.Note == "" && a.clock.doubted() {
		s.Note = wordsClock
	}
	if err := capture.Unavailable(); s.Note == "" && err != nil {
		s.Note = err.Error()
	}
	for _, words := range []*string{a.disk.Load(), a.unsavedWords.Load()} {
		if words != nil {
			s.Disk = strings.TrimPrefix(s.Disk+"; "+*words, "; ")
		}
	}
	if key := a.key.Load(); key != nil {
		if s.Hotkey = a.cfg.Hotkey.String(); key.Words() != "" {
			s.Hotkey = key.Words()
		}
	}
	if words := a.untrayed.Load(); words != nil {
		s.Tray = *words
	}
	if words := a.untyped.Load(); words != nil && *words != "" && grantsText(a.consent.Load()) {
		s.Text = "what you type is not recorded: " + *words
	}
	if a.cfg.Reader != nil {
		if err := a.cfg.Reader.State(); err != nil {
			s.Pictures = "all text stays masked: " + err.Error()
		}
	}
	if up := a.uploader.Load(); up != nil {
		s.Upload = up.Status().Words
	}
	s.Today = a.today(time.Now())
	if l := a.limits.Load(); l != nil {
		s.Limits = &Limits{Limits: *l, Held: a.hold()}
		s.Limits.KeepDays, s.Limits.KeepBytes = l.Keep()
		s.Limits.Quota = l.Room()
	}
	if pending, err := a.rights.Pending(); err == nil {
		s.Erasures = len(pending)
	}
	if !n.Oldest.IsZero() && n.Released == 0 {
		s.NextSend = n.Oldest.Add(a.hold())
	}
	return s
}
