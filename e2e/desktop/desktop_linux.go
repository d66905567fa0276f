package desktop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startLimit bounds the start of a desktop: a machine that needs longer is broken, not slow.
const startLimit = 2 * time.Minute

// Options say which desktop to start. The zero value is a whole virtual one of 1920x1080.
type Options struct {
	Display string    // attach to this running display (":0", say) and its session instead of starting one
	User    string    // plain user that everything runs as when the caller is root; "" is byleave-demo
	Width   int       // pixels, 0 is 1920
	Height  int       // pixels, 0 is 1080
	NoWM    bool      // start no window manager
	NoX     bool      // start neither that nor an X server: the buses of a session alone
	Zone    string    // time zone of its programs; "" is UTC
	Log     io.Writer // gets one line per started program; nil is nowhere
}

// Desktop is a running desktop. Its methods may be called from several goroutines.
type Desktop struct {
	opt     Options
	dir     string
	acct    account
	env     []string
	display string

	mu    sync.Mutex
	procs []*Process
	x, wm *Process
	dead  bool // between KillDisplay and what follows it; holds numbers
	conn  *conn
}

// Start brings the desktop up and returns when its window manager manages windows and accessibility answers.
// On an error nothing keeps running.
func Start(ctx context.Context, opt Options) (*Desktop, error) {
	opt.Width, opt.Height = orDefault(opt.Width, 1920), orDefault(opt.Height, 1080)
	if opt.Log == nil {
		opt.Log = io.Discard
	}
	d := &Desktop{opt: opt}
	if opt.Display != "" {
		return d, d.attach()
	}
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

// attach uses the session that the caller sits in: its environment, its user, its window manager.
func (d *Desktop) attach() (err error) {
	d.display, d.env = d.opt.Display, setEnv(os.Environ(), "DISPLAY", d.opt.Display)
	if d.dir, err = os.MkdirTemp("", "byleave-desk-"); err != nil {
		return fmt.Errorf("desktop: scratch folder: %w", err)
	}
	d.acct = callerAccount()
	return d.connect()
}

// start goes in the order of dependence: user and folders, X server, session bus, accessibility, window manager.
func (d *Desktop) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := d.scratch(); err != nil {
		return err
	}
	if !d.opt.NoX {
		if err := d.startX(ctx, ""); err != nil {
			return err
		}
	}
	if err := d.startBus(ctx); err != nil {
		return err
	}
	if d.opt.NoX || d.opt.NoWM {
		return nil
	}
	return d.StartWM(ctx)
}

// scratch makes the folders that the session writes to, owned by the plain user.
func (d *Desktop) scratch() (err error) {
	if d.acct, err = plainAccount(d.opt.User); err != nil {
		return err
	}
	if d.dir, err = os.MkdirTemp("", "byleave-desk-"); err != nil {
		return fmt.Errorf("desktop: scratch folder: %w", err)
	}
	for _, sub := range []string{"", "home", "run", "log", "bin", "tmp"} {
		p := filepath.Join(d.dir, sub)
		if err := os.MkdirAll(p, 0o700); err != nil {
			return fmt.Errorf("desktop: scratch folder: %w", err)
		}
		if err := d.acct.own(p); err != nil {
			return err
		}
	}
	zone := d.opt.Zone
	if zone == "" {
		zone = "UTC"
	}
	d.env = []string{
		"TMPDIR=" + filepath.Join(d.dir, "tmp"),
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + filepath.Join(d.dir, "home"),
		"XDG_RUNTIME_DIR=" + filepath.Join(d.dir, "run"),
		"USER=" + d.acct.name, "LOGNAME=" + d.acct.name, "SHELL=/bin/sh",
		"LANG=C.UTF-8", "TZ=" + zone, "XDG_SESSION_TYPE=x11",
		// No service outlives the session: settings stay in the program, files are plain files.
		"GSETTINGS_BACKEND=memory", "GIO_USE_VFS=local",
	}
	return nil
}

// numbers is held while a display of ours is dead: a new one would take its number.
var numbers sync.RWMutex

// startX starts the X server; number "" lets it choose a free display.
func (d *Desktop) startX(ctx context.Context, number string) error {
	if number == "" {
		numbers.RLock()
		defer numbers.RUnlock()
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	defer r.Close()
	screen := fmt.Sprintf("%dx%dx24", d.opt.Width, d.opt.Height)
	args := []string{"-displayfd", "3", "-screen", "0", screen, "-nolisten", "tcp", "-noreset"}
	if number != "" {
		args = append([]string{number}, args...)
	}
	p, err := d.launch("Xvfb", "Xvfb", args, w)
	w.Close()
	if err != nil {
		return err
	}
	line, err := readLine(ctx, r)
	if err != nil {
		return fmt.Errorf("desktop: Xvfb did not name its display (see %s): %w", p.Log, err)
	}
	d.mu.Lock()
	d.x = p
	d.display = ":" + strings.TrimPrefix(line, ":")
	d.env = setEnv(d.env, "DISPLAY", d.display)
	d.mu.Unlock()
	return d.connect()
}

// startBus starts the session bus and the accessibility bus on it, and switches accessibility on.
func (d *Desktop) startBus(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	defer r.Close()
	p, err := d.launch("dbus", "dbus-daemon", []string{"--session", "--nofork", "--nopidfile", "--print-address=3"}, w)
	w.Close()
	if err != nil {
		return err
	}
	addr, err := readLine(ctx, r)
	if err != nil {
		return fmt.Errorf("desktop: dbus-daemon did not print its address (see %s): %w", p.Log, err)
	}
	d.mu.Lock()
	d.env = setEnv(d.env, "DBUS_SESSION_BUS_ADDRESS", addr)
	d.mu.Unlock()
	launcher, err := findFirst("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher", "/usr/lib/at-spi2/at-spi-bus-launcher")
	if err != nil {
		return err
	}
	if _, err := d.launch("at-spi", launcher, []string{"--launch-immediately"}); err != nil {
		return err
	}
	return d.enableA11y(ctx)
}

// enableA11y sets the switch that toolkits ask at their start. It repeats until the launcher owns its name.
func (d *Desktop) enableA11y(ctx context.Context) error {
	var last string
	err := Until(ctx, "the accessibility bus", func() bool {
		cmd := d.Command(ctx, "dbus-send", "--session", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus",
			"org.freedesktop.DBus.Properties.Set", "string:org.a11y.Status", "string:IsEnabled", "variant:boolean:true")
		out, err := cmd.CombinedOutput()
		last = string(out)
		return err == nil
	})
	if err != nil {
		return fmt.Errorf("desktop: %w: %s", err, strings.TrimSpace(last))
	}
	return nil
}

// StartWM starts the window manager and waits until it announces itself on the root window.
func (d *Desktop) StartWM(ctx context.Context) error {
	p, err := d.launch("openbox", "openbox", []string{"--sm-disable"})
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.wm = p
	d.mu.Unlock()
	return Until(ctx, "the window manager", d.hasWM)
}

// StopWM ends the window manager and waits until it is gone.
func (d *Desktop) StopWM() error {
	d.mu.Lock()
	p := d.wm
	d.wm = nil
	d.mu.Unlock()
	if p == nil {
		return errors.New("desktop: no window manager of ours runs")
	}
	return p.Stop()
}

// KillDisplay ends the X server as a crash would; every client of it loses its connection.
func (d *Desktop) KillDisplay() error {
	d.mu.Lock()
	p, c := d.x, d.conn
	d.x, d.conn = nil, nil
	d.mu.Unlock()
	if p == nil {
		return errors.New("desktop: no display of ours runs")
	}
	numbers.Lock()
	d.dead = true
	c.close()
	return p.Kill()
}

// freeNumber lets other desktops choose their numbers again.
func (d *Desktop) freeNumber() {
	if d.dead {
		d.dead = false
		numbers.Unlock()
	}
}

// ReviveDisplay starts an X server of the same number after KillDisplay, with a window manager unless NoWM.
func (d *Desktop) ReviveDisplay(ctx context.Context) error {
	defer d.freeNumber()
	if err := d.startX(ctx, d.display); err != nil {
		return err
	}
	if d.opt.NoWM {
		return nil
	}
	return d.StartWM(ctx)
}

// Display is the name of the display, ":99" for example.
func (d *Desktop) Display() string { return d.display }

// Dir is the scratch folder; Close removes it.
func (d *Desktop) Dir() string { return d.dir }

// Home is the home folder of the plain user in this session.
func (d *Desktop) Home() string { return envOf(d.env, "HOME") }

// Env is the whole environment of a program of this session.
func (d *Desktop) Env() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.env...)
}

// Own gives a file or folder to the plain user that programs run as.
func (d *Desktop) Own(path string) error { return d.acct.own(path) }

// Install copies a program to where the plain user may run it, and gives its new path.
func (d *Desktop) Install(program string) (string, error) {
	b, err := os.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("desktop: %w", err)
	}
	to := filepath.Join(d.dir, "bin", filepath.Base(program))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", fmt.Errorf("desktop: %w", err)
	}
	syscall.ForkLock.RLock() // a child that is forked while the file is open for writing would keep it busy, and nobody could run it
	err = os.WriteFile(to, b, 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return "", fmt.Errorf("desktop: %w", err)
	}
	return to, d.acct.own(to)
}

// Command prepares a program of this session that the caller runs and waits for: environment, home and user are set.
func (d *Desktop) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = d.Env()
	if home := d.Home(); home != "" {
		cmd.Dir = home
	}
	d.acct.become(cmd)
	return cmd
}

// Close ends all that was started here, last first, and removes the scratch folder. Calling it twice is harmless.
func (d *Desktop) Close() error {
	d.freeNumber()
	d.mu.Lock()
	procs, c := d.procs, d.conn
	d.procs, d.conn = nil, nil
	d.mu.Unlock()
	c.close()
	var errs []error
	for i := len(procs) - 1; i >= 0; i-- {
		errs = append(errs, procs[i].Stop())
	}
	if d.dir != "" {
		errs = append(errs, remove(d.dir))
	}
	return errors.Join(errs...)
}

// lastWords is how long what ends with its bus or its display may still write.
const lastWords = 30 * time.Second

// remove takes the scratch folder away. Services that the session's bus had started end after it, and may write until then.
func remove(dir string) error {
	for until := time.Now().Add(lastWords); ; time.Sleep(50 * time.Millisecond) {
		if err := os.RemoveAll(dir); !errors.Is(err, syscall.ENOTEMPTY) || time.Now().After(until) {
			return err
		}
	}
}

// Until waits until cond holds, asking every 10 ms; the error names what did not come.
func Until(ctx context.Context, what string, cond func() bool) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if cond() {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}

// readLine reads one line from a pipe on which a program tells where it can be reached.
func readLine(ctx context.Context, r *os.File) (string, error) {
	if t, ok := ctx.Deadline(); ok {
		if err := r.SetReadDeadline(t); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	buf := make([]byte, 1)
	for {
		n, err := r.Read(buf)
		if n == 1 && buf[0] == '\n' {
			return b.String(), nil
		}
		b.Write(buf[:n])
		if err != nil {
			return "", err
		}
	}
}

func findFirst(paths ...string) (string, error) {
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("desktop: none of %s is installed", strings.Join(paths, ", "))
}

func setEnv(env []string, key, value string) []string {
	out := make([]string, 0, len(env)+1)
	for _, kv := range env {
		if !strings.HasPrefix(kv, key+"=") {
			out = append(out, kv)
		}
	}
	return append(out, key+"="+value)
}

func envOf(env []string, key string) string {
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			return v
		}
	}
	return ""
}
