package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/byleave/byleave/agent/internal/capture"
	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

// Check is one thing that the agent needs, and what to do if it is not there.
type Check struct {
	Name  string
	OK    bool
	Words string
}

// Examine looks at everything that the agent needs, without recording anything and without changing anything.
func Examine(ctx context.Context, cfg Config) []Check {
	var checks []Check
	add := func(name string, err error, fine string) {
		if err != nil {
			checks = append(checks, Check{name, false, err.Error()})
			return
		}
		checks = append(checks, Check{name, true, fine})
	}
	keys, err := keystore.Open(cfg.Home)
	add("folder", err, "belongs to you alone")
	if err == nil {
		id, err := keys.Identity()
		add("enrolment", err, "done")
		if err == nil {
			add("collector", reach(ctx, id), "answers, and is the one that you enrolled with")
			add("policy", readable(keys, id), "signed by the operator that you enrolled with")
		}
	}
	var s Status
	err = control.Call(ctx, cfg.Socket, "status", nil, &s)
	add("agent", err, "runs; it says: "+s.Words)
	fine, bad := lying(cfg.Home, s.Spool, s.Disk, err == nil)
	add("boxes", bad, fine)
	unavailable := capture.Unavailable()
	switch {
	case unavailable != nil:
		err = unavailable
	case cfg.Session.Wayland():
		err = errors.New("this is a Wayland session, in which nobody can be recorded with consent; log in with Xorg to take part")
	case cfg.Session.Display == "":
		err = errors.New("DISPLAY is not set; run this in your desktop session")
	default:
		err = capture.Probe(cfg.Session.Display)
	}
	add("display", err, "has a window manager and all that capture needs")
	if err == nil && keys != nil && textGranted(keys) {
		add("typed text", capture.ProbeText(), "can be recorded: there is an accessibility bus")
	}
	return checks
}

// textGranted tells whether the person agreed to typed text anywhere. What cannot be read is said by other checks.
func textGranted(keys *keystore.Store) bool {
	signed, pinnedSigned, err := keys.Consent()
	if err != nil || signed == nil {
		return false
	}
	id, err := keys.Identity()
	if err != nil {
		return false
	}
	pinned, err := policy.Parse(pinnedSigned, id.PolicyKey)
	if err != nil {
		return false
	}
	c, err := policy.ParseConsent(signed, id.Verify(), pinned)
	if err != nil {
		return false
	}
	return grantsText(&c)
}

// grantsText tells whether c grants typed text of any application.
func grantsText(c *policy.Consent) bool {
	return c != nil && slices.ContainsFunc(c.Message().GetGrants(), func(g *pb.Grant) bool { return slices.Contains(g.GetClasses(), pb.DataClass_DATA_CLASS_TEXT) })
}

// lying says how what was recorded lies here: by the agent's own word while it runs, else by a look that changes nothing.
func lying(home string, told Spool, disk string, running bool) (fine string, bad error) {
	if disk != "" {
		return "", fmt.Errorf("%s; it is tried again by itself", disk)
	}
	waiting, copies, aside, damaged := told.Held, told.Sent, told.Quarantined, 0
	if !running {
		found, err := spool.NewLooker(spool.OS(), filepath.Join(home, "spool")).Look()
		if err != nil {
			return "", err
		}
		for _, f := range found {
			switch f.Place {
			case spool.Waiting:
				waiting++
				if raw, err := f.Raw(); err != nil || !isBox(raw) {
					damaged++
				}
			case spool.Copy:
				copies++
			case spool.Aside:
				aside++
			}
		}
	}
	fine = fmt.Sprintf("waiting to leave: %d, your copies of what was sent: %d", waiting, copies)
	if aside > 0 {
		fine += fmt.Sprintf(", set aside because damaged, foreign or refused: %d; look at them or delete them in `byleave review`", aside)
	}
	if told.Dropped > 0 {
		fine += fmt.Sprintf("; unsent and destroyed for lack of space, as you wish: %d", told.Dropped)
	}
	if damaged > 0 {
		return "", fmt.Errorf("damaged: %d of %d that wait; run `byleave doctor --repair`, or start the agent, which does the same", damaged, waiting)
	}
	return fine, nil
}

func isBox(raw []byte) bool {
	_, err := envelope.Parse(raw)
	return err == nil
}

// Repair mends the folder of boxes, and says what it did.
func Repair(cfg Config) (words string, err error) {
	r, err := spool.Repair(spool.OS(), filepath.Join(cfg.Home, "spool"), slog.New(slog.DiscardHandler))
	switch {
	case errors.Is(err, spool.ErrBusy):
		return "", errors.New("the agent runs, and mended its boxes when it started; `byleave stop` first to do it again")
	case err != nil:
		return "", err
	case r.Trouble != nil:
		return "", r.Trouble
	case r.Stuck > 0:
		return "", fmt.Errorf("%s in %s cannot be moved; check who owns what lies there", policy.Count(r.Stuck, "file"), filepath.Join(cfg.Home, "spool"))
	}
	words = fmt.Sprintf("set aside: %s; waiting to leave: %s; your copies: %d", policy.Count(r.SetAside, "file"), policy.Count(r.Held, "box"), r.Sent)
	if !r.Lost.IsZero() {
		words += "; the last agent did not end cleanly, and the next will tell what was lost"
	}
	return words, nil
}

func reach(ctx context.Context, id keystore.Identity) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return upload.Reach(ctx, id)
}

func readable(keys *keystore.Store, id keystore.Identity) error {
	signed, err := keys.Policy()
	if err != nil {
		return err
	}
	if signed == nil {
		return errors.New("the operator has not published one yet")
	}
	_, err = policy.Parse(signed, id.PolicyKey)
	return err
}
