package desktop

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start brings a desktop up, or fails where the machine lacks the programs that `make deps` installs.
func start(t *testing.T, opt Options) (*Desktop, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(cancel)
	d, err := Start(ctx, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, ctx
}

func TestDesktopRunsAProgram(t *testing.T) {
	d, ctx := start(t, Options{})
	p, err := d.Start("l3afpad", "l3afpad")
	if err != nil {
		t.Fatal(err)
	}
	w, err := d.WaitWindow(ctx, "l3afpad", OfProcess(p.Pid))
	if err != nil {
		t.Fatal(err)
	}
	want := image.Rect(200, 150, 1000, 750)
	if err := d.Place(ctx, w.ID, want); err != nil {
		t.Fatal(err)
	}
	if err := d.Focus(ctx, w.ID); err != nil {
		t.Fatal(err)
	}
	img, err := d.Screen()
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := img.At(5, 1000).RGBA(); r>>8 != 0x2f || g>>8 != 0x5d || b>>8 != 0x7c {
		t.Errorf("the root window has not its colour: %x %x %x", r>>8, g>>8, b>>8)
	}
	if err := d.CloseWindow(ctx, w.ID); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(ctx); err != nil {
		t.Errorf("l3afpad: %v", err)
	}
}

func TestProgramsRunAsAPlainUserInPrivateFolders(t *testing.T) {
	d, ctx := start(t, Options{NoWM: true})
	out, err := d.Command(ctx, "sh", "-c", `id -u; stat -c %a "$XDG_RUNTIME_DIR"; touch "$HOME/x" && echo ok`).Output()
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(out))
	if len(f) != 3 || f[0] == "0" || f[1] != "700" || f[2] != "ok" {
		t.Errorf("user, mode of the run folder, home: got %q, want a user other than 0, 700, ok", f)
	}
}

func TestAccessibilityKnowsTheEditor(t *testing.T) {
	d, ctx := start(t, Options{})
	p, err := d.Start("mousepad", "mousepad")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.WaitWindow(ctx, "mousepad", OfProcess(p.Pid)); err != nil {
		t.Fatal(err)
	}
	out, err := d.Command(ctx, "dbus-send", "--session", "--print-reply=literal", "--dest=org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus.GetAddress").Output()
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimSpace(string(out))
	err = Until(ctx, "mousepad on the accessibility bus", func() bool {
		out, err := d.Command(ctx, "dbus-send", "--bus="+addr, "--print-reply", "--dest=org.a11y.atspi.Registry",
			"/org/a11y/atspi/accessible/root", "org.freedesktop.DBus.Properties.Get",
			"string:org.a11y.atspi.Accessible", "string:ChildCount").Output()
		return err == nil && strings.Contains(string(out), "int32") && !strings.Contains(string(out), "int32 0")
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDisplayDiesAndReturnsUnderTheSameName(t *testing.T) {
	d, ctx := start(t, Options{})
	name := d.Display()
	if err := d.KillDisplay(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Windows(); !errors.Is(err, errNoDisplay) {
		t.Errorf("windows of a dead display: got %v, want %v", err, errNoDisplay)
	}
	if err := d.ReviveDisplay(ctx); err != nil {
		t.Fatal(err)
	}
	if d.Display() != name {
		t.Errorf("display came back as %s, want %s", d.Display(), name)
	}
}

func TestCloseEndsWhatItStartedAndNothingElse(t *testing.T) {
	other := exec.Command("sleep", "infinity")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Process.Kill(); err != nil {
			t.Errorf("the bystander was ended: %v", err)
		}
		if err := other.Wait(); err == nil {
			t.Error("the bystander had ended by itself")
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	d, err := Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	pids := []int{}
	for _, p := range d.procs {
		pids = append(pids, p.Pid)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if groupRuns(pid) {
			t.Errorf("process group %d still runs", pid)
		}
	}
	if _, err := os.Stat(d.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("scratch folder is still there: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// A program that has ended is never signalled again: its number may belong to a stranger by then.
func TestEndedIsLeftAlone(t *testing.T) {
	d, ctx := start(t, Options{NoWM: true})
	p, err := d.Start("ended", "/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	stranger, err := d.Start("stranger", "/bin/sleep", "600")
	if err != nil {
		t.Fatal(err)
	}
	p.Pid = stranger.Pid // as if the number had come round
	if err := errors.Join(p.Stop(), p.Kill()); err != nil {
		t.Fatal(err)
	}
	if !stranger.Running() {
		t.Fatal("a stranger was ended")
	}
}

// A test that is killed, by its own limit for example, leaves nothing running: what it had started would keep files, displays and locks.
func TestNothingOutlivesAKilledTest(t *testing.T) {
	const folder = "BYLEAVE_KILLED_TEST"
	if dir := os.Getenv(folder); dir != "" { // it is the one that is killed
		d := &Desktop{opt: Options{Log: io.Discard}, dir: dir, acct: callerAccount(), env: os.Environ()}
		p, err := d.launch("sleep", "/bin/sleep", []string{"infinity"})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("started", p.Pid)
		<-p.done
		return
	}
	killed := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	killed.Env = append(os.Environ(), folder+"="+t.TempDir())
	out, err := killed.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	if _, err := fmt.Fscanf(out, "started %d\n", &pid); err != nil {
		t.Errorf("it started nothing: %v", err)
	}
	if err := killed.Process.Kill(); err != nil {
		t.Error(err)
	}
	if killed.Wait() == nil || pid == 0 {
		t.Fatal("it was not killed at its work")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := Until(ctx, "what it started to end", func() bool { return !groupRuns(pid) }); err != nil {
		t.Error(errors.Join(err, syscall.Kill(-pid, syscall.SIGKILL)))
	}
}
