package main

import (
	"context"
	"crypto/hpke"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

// mostTries is how often a cut is sealed anew because something was recorded meanwhile.
const mostTries = 8

// What became of a cut.
var (
	errLeft      = errors.New("this box has left meanwhile, so nothing was cut; what was sent can only be deleted whole")
	errNoKeys    = errors.New("the consent of this box is no longer on this computer, so nothing can be sealed in its place; delete the box whole")
	errCutNoRoom = errors.New("something was recorded again and again meanwhile; pause, and cut again")
)

// redactor is what passes the person's own words. It is made when it is needed first, and serves one at a time; m.mu is held.
func (m *mine) redactor() (*redact.Redactor, error) {
	if m.red != nil {
		return m.red, nil
	}
	d, err := openDevice()
	if err != nil {
		return nil, err
	}
	m.red, err = redact.New(redact.Options{Policy: d.newest})
	return m.red, err
}

func (m *mine) narrow(p *pb.Payload, c redact.Cut) (redact.Narrowed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.redactor()
	if err != nil {
		return redact.Narrowed{}, err
	}
	return r.Narrow(p, c)
}

// cut takes something out of a held box: what is left is sealed anew here, where the key is open, and the running agent puts it in the
// place of the old one. A box of which nothing is left is destroyed whole.
func (m *mine) cut(ctx context.Context, f spool.Found, c func(*pb.Payload) (redact.Cut, error)) (whole bool, err error) {
	raw, err := f.Raw()
	if err != nil {
		return false, err
	}
	p, err := m.read.Open(raw, f.Batch, f.Sequence)
	if err != nil {
		return false, err
	}
	what, err := c(p)
	if err != nil {
		return false, err
	}
	left, err := m.narrow(p, what)
	if err != nil {
		return false, err
	}
	if left.IsEmpty() {
		return true, callAgent(ctx, "forget", flow.Forget{Boxes: []envelope.ID{f.Batch}}, nil)
	}
	box, err := envelope.Parse(raw)
	if err != nil {
		return false, err
	}
	keys, err := m.keysOf(box.Header())
	if err != nil {
		return false, err
	}
	return false, m.putInPlace(ctx, keys, box, left)
}

// putInPlace seals at the end of the chain, as often as that moves.
func (m *mine) putInPlace(ctx context.Context, k spool.Keys, old envelope.Box, left redact.Narrowed) error {
	for range mostTries {
		m.mu.Lock()
		end, err := m.look.End()
		m.mu.Unlock()
		if err != nil {
			return err
		}
		r, err := spool.Reseal(k, old, end, left)
		if err != nil {
			return err
		}
		var done flow.Replaced
		switch err := callAgent(ctx, "replace", r, &done); {
		case err != nil:
			return err
		case done.Gone:
			return errLeft
		case !done.Moved:
			return nil
		}
	}
	return errCutNoRoom
}

// keysOf is what a box with this header was sealed with, from the consent that it was recorded under.
func (m *mine) keysOf(h envelope.Header) (spool.Keys, error) {
	given, err := m.keys.Consents()
	if err != nil {
		return spool.Keys{}, err
	}
	for _, g := range given {
		pinned, c, err := m.parse(g)
		if err != nil || c.ID() != h.Consent || pinned.Digest() != h.Policy {
			continue
		}
		k := spool.Keys{
			Vault: m.id.VaultKey, Person: m.id.PersonKey, Sign: m.id.Sign, Subject: m.id.Subject, Device: m.id.Device,
			Consent: h.Consent, Policy: h.Policy, Purpose: h.Purpose,
		}
		for _, r := range pinned.Message().GetCustodians() {
			key, err := hpke.MLKEM768X25519().NewPublicKey(r.GetPublicKey())
			if err != nil {
				return spool.Keys{}, fmt.Errorf("the key of a custodian is damaged: %w", err)
			}
			k.Custodians = append(k.Custodians, key)
		}
		return k, nil
	}
	return spool.Keys{}, errNoKeys
}

func (m *mine) parse(g keystore.Given) (policy.Policy, policy.Consent, error) {
	pinned, err := policy.Parse(g.Policy, m.id.PolicyKey)
	if err != nil {
		return policy.Policy{}, policy.Consent{}, err
	}
	c, err := policy.ParseConsent(g.Consent, m.id.Verify(), pinned)
	return pinned, c, err
}

// byApp is what forgetting an application did.
type byApp struct {
	forgotten
	Cut     int `json:"cut"`     // held boxes that other applications share: only its actions and pictures went
	Damaged int `json:"damaged"` // boxes that do not open, so nobody knows whether it is in them
}

// forgetApp destroys all that was recorded of one application: in held boxes its actions and pictures alone, of what was sent whole
// boxes. step is called after each box.
func (m *mine) forgetApp(ctx context.Context, app string, step func(done, all int)) (out byApp, err error) {
	if err := callAgent(ctx, "seal", flow.Seal{App: app}, nil); err != nil {
		return out, err
	}
	found, err := m.found()
	if err != nil {
		return out, err
	}
	var whole []envelope.ID
	for i, f := range found {
		step(i, len(found))
		p, err := m.open(f)
		if err != nil {
			out.Damaged++
			continue
		}
		switch others, has := appsOf(p, app); {
		case !has:
		case others && f.Place == spool.Waiting:
			gone, err := m.cut(ctx, f, func(*pb.Payload) (redact.Cut, error) { return redact.Cut{Apps: []string{app}}, nil })
			if errors.Is(err, errLeft) {
				whole = append(whole, f.Batch)
			} else if err != nil {
				return out, fmt.Errorf("done: %s; the rest is not: forget it again: %w", policy.Count(out.Cut, "box"), err)
			} else if !gone {
				out.Cut++
			}
		default:
			whole = append(whole, f.Batch)
		}
	}
	step(len(found), len(found))
	if len(whole) > 0 {
		err = callAgent(ctx, "forget", flow.Forget{Boxes: whole}, &out.forgotten)
	}
	return out, err
}

// appsOf tells whether a box holds actions of app, and whether it holds anything else that the person did.
func appsOf(p *pb.Payload, app string) (others, has bool) {
	for _, e := range p.GetEvents() {
		if a := e.GetAction(); a != nil && a.GetWindow().GetApplication() == app {
			has = true
		} else if e.GetGap() == nil {
			others = true
		}
	}
	return others, has
}

// appNamed finds an application by its id or its name, among all that anything was ever agreed for.
func (m *mine) appNamed(name string) (string, error) {
	given, err := m.keys.Consents()
	if err != nil {
		return "", err
	}
	var known []string
	for _, g := range given {
		pinned, _, err := m.parse(g)
		if err != nil {
			continue
		}
		for _, a := range pinned.Message().GetApplications() {
			if strings.EqualFold(a.GetId(), name) || strings.EqualFold(a.GetName(), name) {
				return a.GetId(), nil
			}
			if !slices.Contains(known, a.GetId()) {
				known = append(known, policy.Inert(a.GetId()))
			}
		}
	}
	if len(known) == 0 {
		return "", misuse{errors.New("nothing was ever agreed to here, so nothing was recorded of any application")}
	}
	return "", misuse{fmt.Errorf("no application of this name was ever agreed to; there are: %s", strings.Join(known, ", "))}
}
