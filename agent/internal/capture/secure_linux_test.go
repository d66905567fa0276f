package capture

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/xproto"
)

// activate asks the window manager for the focus, and returns at the moment at which keys go to that window: long before anybody was
// told of it. A program that takes the focus late, as it was asked to before, gets it for a moment; then it is asked again.
func (p *person) activate(window uint32) {
	p.t.Helper()
	atom, err := xproto.InternAtom(p.conn, false, uint16(len("_NET_ACTIVE_WINDOW")), "_NET_ACTIVE_WINDOW").Reply()
	if err != nil {
		p.t.Fatal(err)
	}
	ask := xproto.ClientMessageEvent{Format: 32, Window: xproto.Window(window), Type: atom.Atom,
		Data: xproto.ClientMessageDataUnionData32New([]uint32{2, 0, 0, 0, 0})}
	const mask = xproto.EventMaskSubstructureRedirect | xproto.EventMaskSubstructureNotify
	var asked time.Time
	p.until("keys go to the window", func() bool {
		if time.Since(asked) > time.Second {
			asked = time.Now()
			if err := xproto.SendEventChecked(p.conn, false, p.root, mask, string(ask.Bytes())).Check(); err != nil {
				return false
			}
		}
		f, err := xproto.GetInputFocus(p.conn).Reply()
		return err == nil && p.within(f.Focus, xproto.Window(window))
	})
}

// within tells whether w is in or is its ancestor of.
func (p *person) within(w, of xproto.Window) bool {
	for w > 1 && w != p.root {
		if w == of {
			return true
		}
		tree, err := xproto.QueryTree(p.conn, w).Reply()
		if err != nil {
			return false
		}
		w = tree.Parent
	}
	return false
}

// TestRealSecureContexts types into real secret fields, terminals that hide what is typed and programs that were not agreed, in random
// order and pace, from the moment at which they get the keys. None of it may leave a trace.
func TestRealSecureContexts(t *testing.T) {
	trials := 200
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		trials = 10_000
	}
	p := newUnseenPerson(t)
	form := p.form()
	p.consents(form, application(t, "mousepad", "Mousepad"), application(t, "xterm", "XTerm"))
	editor := p.focused(a11y.Focus.Text, "mousepad")
	secrets := []uint32{
		p.focused(a11y.Focus.Secret, form.GetExecutables()[0], "--class=Form", "--name=form", "--title=Form", "--password").ID,
		p.open("l3afpad").ID,
	}
	term := p.open("xterm", "-e", "bash", "-c", "read -s -r secret")
	p.until("the terminal asks for a password", func() bool { return asksPassword(term.PID) })
	secrets = append(secrets, term.ID)
	p.activate(editor.ID)
	p.record()
	p.ready()

	rnd := rand.New(rand.NewPCG(3, uint64(time.Now().UnixNano())))
	rest := func(most int) { <-time.After(time.Duration(rnd.IntN(most)) * time.Millisecond) }
	var keys []time.Duration
	for i := range trials {
		if rnd.IntN(3) == 0 {
			p.activate(editor.ID)
			rest(1 + 1200*rnd.IntN(2))
			p.typed("ggg"[:1+rnd.IntN(3)])
			rest(1 + 60*(1+20*(rnd.IntN(4)/3))) // now and then so long that it is told
		}
		p.activate(secrets[rnd.IntN(len(secrets))])
		for range 1 + rnd.IntN(4) {
			rest(1 + 60*rnd.IntN(2))
			from := now().Boot
			p.typed("xyz"[i%3 : i%3+1])
			keys = append(keys, from, now().Boot)
		}
		rest(1 + 250*rnd.IntN(2))
	}
	p.activate(editor.ID)
	p.again("text after", func() { p.ready(); p.typed("after") }, anyway)
	p.mu.Lock()
	defer p.mu.Unlock()
	told, gaps := 0, 0
	for _, s := range p.steps {
		switch s.Kind {
		case raw.Leave:
			continue
		case raw.Gap:
			gaps++
			continue
		}
		told++
		if strings.ContainsAny(sayKeys(s.Keys), "xyz") {
			t.Errorf("typed into a secure context, and came out: %s", say(s))
		}
		for k := 0; k < len(keys); k += 2 {
			if s.From.Boot <= keys[k+1] && keys[k] <= s.Until.Boot {
				t.Errorf("%s tells of a key in a secure context", say(s))
			}
		}
	}
	t.Logf("%d trials, %d keys in secure contexts: %d steps, %d gaps", trials, len(keys)/2, told, gaps)
	if gaps == 0 || told == 0 || gaps > 3*trials {
		t.Errorf("%d gaps and %d steps tell of %d trials", gaps, told, trials)
	}
}
