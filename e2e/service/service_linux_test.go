package service

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// machine is booted once for all tests; each takes a person of its own.
var machine *Machine

func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	var err error
	if machine, err = Boot(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := machine.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// someone is a new person who has logged in and has the agent's program, and the path of that.
func someone(t *testing.T) (context.Context, *Person, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	t.Cleanup(cancel)
	p, err := machine.Person(ctx)
	check(t, err)
	program, err := p.Install(ctx, "../../bin/byleave")
	check(t, err)
	check(t, p.Login(ctx))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		if t.Failed() {
			out, err := machine.Run(ctx, "journalctl", "--no-pager", "-n", "60", "-o", "cat", fmt.Sprintf("_UID=%d", p.UID))
			t.Logf("the journal of %s (%v):\n%s", p.Name, err, out)
		}
		check(t, p.Logout(ctx))
	})
	return ctx, p, program
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must runs a command of the person's that must do well.
func must(ctx context.Context, t *testing.T, p *Person, args ...string) string {
	t.Helper()
	out, err := p.Run(ctx, args...)
	check(t, err)
	return out
}

// refused runs a command of the person's that must fail, with words.
func refused(ctx context.Context, t *testing.T, p *Person, words string, args ...string) {
	t.Helper()
	out, err := p.Run(ctx, args...)
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Fatalf("%v: want a refusal with %q, got %v\n%s", args, words, err, out)
	}
}

// pid is the process of the service, 0 if it does not run.
func pid(ctx context.Context, t *testing.T, p *Person) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(must(ctx, t, p, "systemctl", "--user", "show", "-p", "MainPID", "--value", "byleave.service")))
	check(t, err)
	return n
}

// state is what `byleave status --json` says.
func state(ctx context.Context, p *Person, program string) (st struct {
	stage.Status
	Service string
}, err error) {
	out, err := p.Run(ctx, program, "status", "--json")
	if jerr := json.Unmarshal([]byte(out), &st); jerr != nil && err == nil {
		err = jerr
	}
	return st, err
}

// same compares two traces of a person, without what allowed says.
func same(t *testing.T, before, after map[string]string, allowed func(name string) bool) {
	t.Helper()
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, had := before[name]
		is, has := after[name]
		if had == has && was == is || allowed != nil && allowed(name) {
			continue
		}
		t.Errorf("%s: before %v %.60q, after %v %.60q", name, had, was, has, is)
	}
}

// TestLeavesNothing: installed, restarted by a login, stopped, started, installed again, uninstalled: the account is as it was.
func TestLeavesNothing(t *testing.T) {
	ctx, p, byleave := someone(t)
	before, err := p.Trace(ctx)
	check(t, err)
	out := must(ctx, t, p, byleave, "install")
	if !strings.Contains(out, "records nothing until you enrol") {
		t.Errorf("install said:\n%s", out)
	}
	first := pid(ctx, t, p)
	if first == 0 {
		t.Fatal("installed, and it does not run")
	}
	check(t, p.Logout(ctx))
	check(t, p.Login(ctx))
	if again := pid(ctx, t, p); again == 0 || again == first {
		t.Fatalf("after a new login it runs as process %d, before as %d", again, first)
	}
	st, err := state(ctx, p, byleave)
	check(t, err)
	if st.State != "off" || st.Service != "running" {
		t.Fatalf("status %+v", st)
	}
	must(ctx, t, p, byleave, "stop")
	if n := pid(ctx, t, p); n != 0 {
		t.Fatalf("stopped, and process %d runs", n)
	}
	if st, err = state(ctx, p, byleave); err == nil || st.State != "stopped" || st.Service != "stopped" {
		t.Fatalf("status %+v, %v", st, err)
	}
	must(ctx, t, p, byleave, "start")
	running := pid(ctx, t, p)
	must(ctx, t, p, byleave, "install", "--hold", "24h")
	upgraded := pid(ctx, t, p)
	if running == 0 || upgraded == 0 || running == upgraded {
		t.Fatalf("processes %d and, after another install, %d", running, upgraded)
	}
	must(ctx, t, p, byleave, "install")
	if unit := must(ctx, t, p, "systemctl", "--user", "cat", "byleave.service"); !strings.Contains(unit, `"--hold" "24h0m0s"`) {
		t.Errorf("an upgrade forgot the hold that the person chose:\n%s", unit)
	}
	out = must(ctx, t, p, byleave, "uninstall")
	if strings.Contains(out, "Your keys") {
		t.Errorf("uninstall speaks of keys that nobody has:\n%s", out)
	}
	must(ctx, t, p, byleave, "uninstall") // twice is fine
	after, err := p.Trace(ctx)
	check(t, err)
	same(t, before, after, nil)
	refused(ctx, t, p, "not installed", byleave, "start")
}

// TestDefaultUnitNeverStarts is the control of the login above: wanted by what kardianos/service writes, it stays down.
func TestDefaultUnitNeverStarts(t *testing.T) {
	ctx, p, byleave := someone(t)
	must(ctx, t, p, byleave, "install")
	must(ctx, t, p, "systemctl", "--user", "disable", "byleave.service")
	must(ctx, t, p, "sed", "-i", "s/^WantedBy=default.target$/WantedBy=multi-user.target/", p.Home()+"/.config/systemd/user/byleave.service")
	must(ctx, t, p, "systemctl", "--user", "enable", "byleave.service")
	check(t, p.Logout(ctx))
	check(t, p.Login(ctx))
	if n := pid(ctx, t, p); n != 0 {
		t.Fatalf("runs as process %d: a login proves nothing here", n)
	}
	must(ctx, t, p, byleave, "uninstall")
}

// TestFailedInstallLeavesNothing: an agent that cannot start is not registered; one that was there before is there again.
func TestFailedInstallLeavesNothing(t *testing.T) {
	ctx, p, byleave := someone(t)
	data := p.Home() + "/.local/share/byleave"
	must(ctx, t, p, "mkdir", "-p", data)
	must(ctx, t, p, "chmod", "755", data) // others could read keys in it: the agent refuses to start
	before, err := p.Trace(ctx)
	check(t, err)
	refused(ctx, t, p, "does not start", byleave, "install")
	after, err := p.Trace(ctx)
	check(t, err)
	same(t, before, after, nil)

	must(ctx, t, p, "chmod", "700", data)
	must(ctx, t, p, byleave, "install")
	if before, err = p.Trace(ctx); err != nil {
		t.Fatal(err)
	}
	check(t, p.write(p.Home()+"/broken", "#!/bin/sh\nexit 1\n", 0o755))
	must(ctx, t, p, "sh", "-c", `cp "$1" ./byleave && BYLEAVE_HOME=/proc/nowhere ./byleave install && exit 9; rm byleave broken`, "sh", byleave)
	if after, err = p.Trace(ctx); err != nil {
		t.Fatal(err)
	}
	began := data + "/spool/session" // an agent that starts again writes when; only its time may change
	if _, had := before[began]; had {
		before[began] = after[began]
	}
	same(t, before, after, nil)
	if st, err := state(ctx, p, byleave); err != nil || st.Service != "running" {
		t.Fatalf("the agent that was there before: %+v, %v", st, err)
	}
	must(ctx, t, p, byleave, "uninstall")
}

// TestRootIsRefused: consent is personal, and so is the service.
func TestRootIsRefused(t *testing.T) {
	ctx, p, byleave := someone(t)
	for _, verb := range []string{"install", "uninstall", "start", "stop"} {
		if out, err := machine.Run(ctx, byleave, verb); err == nil || !strings.Contains(err.Error(), "consent is personal") {
			t.Errorf("%s as root: %v\n%s", verb, err, out)
		}
	}
	if _, err := os.Stat(machine.Path("/root/.config")); err == nil {
		t.Error("left a folder with root")
	}
	if _, err := p.Run(ctx, "true"); err != nil {
		t.Fatal(err)
	}
}

// TestUninstallWithoutManager: the files go, the process too, and the person reads what remains.
func TestUninstallWithoutManager(t *testing.T) {
	ctx, p, byleave := someone(t)
	before, err := p.Trace(ctx)
	check(t, err)
	must(ctx, t, p, byleave, "install")
	for _, socket := range []string{"/systemd/private", "/bus"} {
		check(t, os.Rename(machine.Path(p.Runtime()+socket), machine.Path(p.Runtime()+socket+".away")))
	}
	refused(ctx, t, p, "does not answer", byleave, "install")
	out := must(ctx, t, p, byleave, "uninstall")
	if !strings.Contains(out, "did not answer") {
		t.Errorf("uninstall said:\n%s", out)
	}
	for _, socket := range []string{"/systemd/private", "/bus"} {
		check(t, os.Rename(machine.Path(p.Runtime()+socket+".away"), machine.Path(p.Runtime()+socket)))
	}
	must(ctx, t, p, "systemctl", "--user", "daemon-reload")
	after, err := p.Trace(ctx)
	check(t, err)
	same(t, before, after, nil)
	check(t, p.Logout(ctx))
	check(t, p.Login(ctx))
	if n := pid(ctx, t, p); n != 0 {
		t.Fatalf("started at a login after it was uninstalled: process %d", n)
	}
}

// TestByHand: an agent that was started by hand is not taken over, and can be stopped.
func TestByHand(t *testing.T) {
	ctx, p, byleave := someone(t)
	before, err := p.Trace(ctx)
	check(t, err)
	cmd := p.Command(ctx, byleave, "run")
	check(t, cmd.Start())
	check(t, desktop.Until(ctx, "the agent to answer", func() bool { st, err := state(ctx, p, byleave); return err == nil && st.Service == "not installed" }))
	refused(ctx, t, p, "started yourself", byleave, "install")
	must(ctx, t, p, byleave, "stop")
	check(t, cmd.Wait())
	must(ctx, t, p, byleave, "uninstall")
	after, err := p.Trace(ctx)
	check(t, err)
	same(t, before, after, nil)
}

// TestInstaller: the program that copies the agent and has it installed, and takes both away.
func TestInstaller(t *testing.T) {
	ctx, p, _ := someone(t)
	installer, err := p.Install(ctx, "../../bin/byleave-installer")
	check(t, err)
	_, err = p.Install(ctx, "../../bin/byleave-ocr")
	check(t, err)
	before, err := p.Trace(ctx)
	check(t, err)
	must(ctx, t, p, installer, "install")
	if pid(ctx, t, p) == 0 {
		t.Fatal("does not run")
	}
	must(ctx, t, p, "test", "-x", p.Home()+"/.local/bin/byleave-ocr")
	must(ctx, t, p, installer, "install")
	must(ctx, t, p, installer, "uninstall")
	after, err := p.Trace(ctx)
	check(t, err)
	same(t, before, after, nil)
	if _, err := machine.Run(ctx, installer, "install", "--to", filepath.Join("/root", "bin")); err == nil {
		t.Error("installed for root")
	}
}

// TestOutsideOfTheUnit: started in the way of service.Outside, a program has none of the filters of the one that started it.
func TestOutsideOfTheUnit(t *testing.T) {
	ctx, p, _ := someone(t)
	inside := []string{"systemd-run", "--user", "--quiet", "--collect", "--pipe", "--wait", "-p", "NoNewPrivileges=yes", "-p", "MemoryDenyWriteExecute=yes",
		"-p", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "-p", "RestrictNamespaces=yes", "-p", "SystemCallFilter=@system-service", "--"}
	// The machine has filters of its own, so their number counts.
	filters := []string{"grep", "Seccomp_filters:", "/proc/self/status"}
	outside := append([]string{"systemd-run", "--user", "--quiet", "--collect", "--pipe", "--wait", "--"}, filters...)
	none := must(ctx, t, p, outside...)
	if out := must(ctx, t, p, append(inside, filters...)...); out == none {
		t.Fatalf("the control: not filtered inside: %q", out)
	}
	if out := must(ctx, t, p, append(inside, outside...)...); out != none {
		t.Fatalf("filtered outside: %q, without the unit %q", out, none)
	}
}
