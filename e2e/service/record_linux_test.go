package service

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/pty"
	"github.com/byleave/byleave/e2e/stage"
)

// until waits until the agent's status fulfils cond.
func until(ctx context.Context, t *testing.T, p *Person, byleave, what string, cond func(stage.Status) bool) {
	t.Helper()
	var last stage.Status
	err := desktop.Until(ctx, what, func() bool {
		st, err := state(ctx, p, byleave)
		last = st.Status
		return err == nil && cond(st.Status)
	})
	if err != nil {
		t.Fatalf("%v; the agent last said %+v", err, last)
	}
}

// connected tells whether the service holds a connection to the person's display.
func connected(ctx context.Context, t *testing.T, p *Person) bool {
	t.Helper()
	clients, err := p.Clients()
	check(t, err)
	return clients[pid(ctx, t, p)]
}

// boxes are the sealed batches that lie in the person's spool.
func boxes(t *testing.T, p *Person) int {
	t.Helper()
	names, err := filepath.Glob(machine.Path(p.Home() + "/.local/share/byleave/spool/*.box"))
	check(t, err)
	return len(names)
}

// TestServiceRecordsOnlyAfterConsent follows one person: installed before there is a desktop, inert on it until they agree, recording
// then; after a crash, a logout and an upgrade the same; uninstalled, nothing but what is theirs stays, and installed again their
// consent holds.
func TestServiceRecordsOnlyAfterConsent(t *testing.T) {
	ctx, p, byleave := someone(t)
	bin, err := filepath.Abs("../../bin")
	check(t, err)
	operator, invitation, err := stage.Operator(ctx, stage.Options{Bin: bin})
	check(t, err)
	t.Cleanup(func() { check(t, operator.Close()) })

	must(ctx, t, p, byleave, "install")
	check(t, p.write(p.Home()+"/passphrase", "correct horse battery staple\n", 0o600))
	must(ctx, t, p, byleave, "enrol", invitation, "--passphrase-file", p.Home()+"/passphrase")
	check(t, p.Desktop(ctx))
	editor := p.Command(ctx, p.OnDesktop("mousepad")...)
	check(t, editor.Start())
	t.Cleanup(func() { _ = editor.Wait() }) // it ends with its display
	check(t, desktop.Until(ctx, "the editor's window", func() bool {
		_, err := p.Run(ctx, p.OnDesktop("xdotool", "search", "--onlyvisible", "--class", "Mousepad")...)
		return err == nil
	}))

	// The desktop has handed itself over; without a consent the agent does not even connect.
	kept, err := p.Run(ctx, "cat", p.Runtime()+"/byleave/session.env")
	check(t, err)
	if !strings.Contains(kept, `DISPLAY="`+p.Display+`"`) {
		t.Fatalf("the session was not handed over: %q", kept)
	}
	until(ctx, t, p, byleave, "off", func(st stage.Status) bool { return st.State == "off" && !st.Mark })
	if connected(ctx, t, p) {
		t.Fatal("connected to the display without a consent")
	}

	out, err := pty.Run(p.Command(ctx, byleave, "consent", "give", "--grant", stage.App+"=pointer,hotkeys,text,frames,elements", "--hours", "all", "--expires", "24h"), "yes\n")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	recording := func(st stage.Status) bool { return st.State == "recording" && st.Mark }
	until(ctx, t, p, byleave, "recording", recording)
	if !connected(ctx, t, p) {
		t.Fatal("the control: not connected with a consent")
	}
	work(ctx, t, p, byleave)

	before := pid(ctx, t, p)
	_, err = machine.Run(ctx, "kill", "-KILL", strconv.Itoa(before))
	check(t, err)
	until(ctx, t, p, byleave, "recording after a crash, on the display that only the last process was told of", recording)
	if pid(ctx, t, p) == before {
		t.Fatal("the crash did not happen")
	}
	must(ctx, t, p, p.OnDesktop(byleave, "stop")...)
	if programs, err := p.Programs(); err != nil || hasAgent(programs) {
		t.Fatalf("stopped, and still runs: %v, %v", programs, err)
	}
	must(ctx, t, p, p.OnDesktop(byleave, "start")...)
	until(ctx, t, p, byleave, "recording after stop and start", recording)

	if out := must(ctx, t, p, byleave, "uninstall"); !strings.Contains(out, "Your keys") || !strings.Contains(out, p.Home()+"/.local/share/byleave") {
		t.Errorf("uninstall does not say what stays:\n%s", out)
	}
	if programs, err := p.Programs(); err != nil || hasAgent(programs) {
		t.Fatalf("still runs: %v, %v", programs, err)
	}
	traces, err := p.Trace(ctx)
	check(t, err)
	for name, what := range traces {
		if strings.Contains(strings.ToLower(name), "byleave") && !strings.HasPrefix(name, p.Home()+"/.local/share/byleave") && !strings.HasSuffix(name, filepath.Base(byleave)) {
			t.Errorf("left behind: %s %.60q", name, what)
		}
	}
	for _, name := range []string{"identity.json", "consent.json"} {
		if _, there := traces[p.Home()+"/.local/share/byleave/"+name]; !there {
			t.Errorf("uninstall took %s, which is the person's", name)
		}
	}

	if out := must(ctx, t, p, p.OnDesktop(byleave, "install")...); !strings.Contains(out, "You agreed to") || !strings.Contains(out, "withdraw") {
		t.Errorf("installed again, it does not say that the consent holds:\n%s", out)
	}
	until(ctx, t, p, byleave, "recording as agreed before", recording)
	must(ctx, t, p, byleave, "uninstall")
}

// work clicks and types in the editor, and wants a sealed box of that in the spool.
func work(ctx context.Context, t *testing.T, p *Person, byleave string) {
	t.Helper()
	n := boxes(t, p)
	<-time.After(1200 * time.Millisecond) // an act too near to an edge of a permit is not recorded
	must(ctx, t, p, p.OnDesktop("xdotool", "search", "--onlyvisible", "--class", "Mousepad", "mousemove", "--window", "%1", "200", "200", "click", "1")...)
	<-time.After(1200 * time.Millisecond)
	must(ctx, t, p, p.OnDesktop("xdotool", "type", "--delay", "20", "the quick brown fox")...)
	<-time.After(1200 * time.Millisecond)
	must(ctx, t, p, byleave, "pause")
	until(ctx, t, p, byleave, "a sealed box of what was typed", func(stage.Status) bool { return boxes(t, p) > n }) // the pause seals it
	must(ctx, t, p, byleave, "resume")
}

func hasAgent(programs map[int]string) bool {
	for _, name := range programs {
		if name == "byleave" {
			return true
		}
	}
	return false
}

// TestDisplayOfTheManager: where no hook runs, the agent learns of the display from the service manager, which the session told.
func TestDisplayOfTheManager(t *testing.T) {
	ctx, p, byleave := someone(t)
	bin, err := filepath.Abs("../../bin")
	check(t, err)
	operator, invitation, err := stage.Operator(ctx, stage.Options{Bin: bin})
	check(t, err)
	t.Cleanup(func() { check(t, operator.Close()) })
	check(t, p.Desktop(ctx))
	must(ctx, t, p, byleave, "install")
	check(t, p.write(p.Home()+"/passphrase", "correct horse battery staple\n", 0o600))
	must(ctx, t, p, byleave, "enrol", invitation, "--passphrase-file", p.Home()+"/passphrase")
	out, err := pty.Run(p.Command(ctx, byleave, "consent", "give", "--grant", stage.App+"=pointer", "--hours", "all", "--expires", "24h"), "yes\n")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	until(ctx, t, p, byleave, "the word that there is no display", func(st stage.Status) bool {
		return st.State == "blind" && strings.Contains(st.Words, "no display")
	})
	must(ctx, t, p, p.OnDesktop("systemctl", "--user", "import-environment", "DISPLAY", "XAUTHORITY")...)
	until(ctx, t, p, byleave, "the mark", func(st stage.Status) bool { return st.Mark })
	must(ctx, t, p, byleave, "uninstall")
}
