package gate

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// begin is a Wednesday, 11:00 UTC; the rules of these tests hold from 9:00 to 17:00 UTC.
var begin = policy.Moment{Boot: time.Hour, Wall: time.Date(2026, 12, 2, 11, 0, 0, 0, time.UTC)}

// held is how long capture holds an event back.
const held = 305 * time.Millisecond

// rules grants everything in editor, and in files all but text.
var rules = sync.OnceValue(func() *policy.Rules { return makeRules(begin.Wall.AddDate(0, 1, 0)) })

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func makeRules(expires time.Time) *policy.Rules {
	custodian := must(hpke.MLKEM768X25519().GenerateKey()).PublicKey().Bytes()
	text := strings.Replace(string(policy.Template()), `"public_key": ""`, `"public_key": "`+base64.StdEncoding.EncodeToString(custodian)+`"`, 1)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	public := key.Public().(ed25519.PublicKey)
	p := must(policy.Parse(must(policy.Sign(must(policy.FromJSON([]byte(text))), key)), public))
	m := must(policy.NewConsent(p, policy.Choice{
		Grants:  map[string]policy.Classes{"editor": p.Offered(), "files": p.Offered().Without(policy.Text)},
		Hours:   []*pb.Hours{{Weekdays: []uint32{3}, StartSecond: 9 * 3600, EndSecond: 17 * 3600}},
		Expires: expires, Gesture: "test", Subject: [16]byte{1}, Device: [16]byte{1}, Now: begin.Wall.AddDate(0, 0, -1), Rand: rand.Reader,
	}))
	c := must(policy.ParseConsent(must(policy.SignConsent(m, key)), public, p))
	return must(policy.NewRules(p, p, c))
}

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	at policy.Moment
}

func (c *clock) now() policy.Moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) step(d time.Duration) policy.Moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return c.at
}

// recording is a gate that records editor in window 1 since long enough that the beginning is no edge any more.
func recording(r *policy.Rules) (*Gate, *clock) {
	c := &clock{at: begin}
	g := New(c.now)
	g.SetRules(r)
	g.Display(true, "")
	g.Durable(true)
	g.Indicator(c.now(), true)
	g.Focus(c.now(), 1, "editor", policy.Allowed)
	c.step(time.Second)
	return g, c
}

// judge asks about the instant d after at, late enough.
func judge(g *Gate, c *clock, at policy.Moment, d time.Duration, window uint32) policy.Permit {
	if wait := at.Boot + d + Band - c.now().Boot; wait > 0 {
		c.step(wait)
	}
	return g.Judge(at.Add(d), window)
}
