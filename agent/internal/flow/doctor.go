package flow

import (
	"context"
	"errors"
	"time"

	"github.com/byleave/byleave/agent/internal/capture"
	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/policy"
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
	return checks
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
