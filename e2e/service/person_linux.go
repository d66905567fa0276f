package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/byleave/byleave/e2e/desktop"
)

// firstUID is where the people of a machine begin.
const firstUID = 61000

// Person is an account of the machine, new and empty.
type Person struct {
	m       *Machine
	Name    string
	UID     int
	Display string // of their desktop, once there is one
	cookie  string
}

// Person makes an account. Nobody is logged in yet.
func (m *Machine) Person(ctx context.Context) (*Person, error) {
	m.people++
	p := &Person{m: m, Name: fmt.Sprintf("person%d", m.people), UID: firstUID + m.people}
	_, err := m.Run(ctx, "useradd", "--create-home", "--uid", strconv.Itoa(p.UID), "--user-group", "--shell", "/bin/sh", p.Name)
	return p, err
}

// Home is the person's folder, as they see it.
func (p *Person) Home() string { return "/home/" + p.Name }

// Runtime is the folder of the person's runtime files, as they see it.
func (p *Person) Runtime() string { return fmt.Sprintf("/run/user/%d", p.UID) }

// Install copies a program into a folder whose name programs stumble over, and gives its path.
func (p *Person) Install(ctx context.Context, program string) (string, error) {
	dir := filepath.Join(p.Home(), "my own {{x}} tools")
	if err := os.MkdirAll(p.m.Path(dir), 0o755); err != nil {
		return "", fmt.Errorf("service: %w", err)
	}
	to := filepath.Join(dir, filepath.Base(program))
	return to, p.m.copyIn(program, to, p.UID)
}

// Login begins a session through PAM, as a login at a console does, and waits until the person's service manager has done all that
// it does at login.
func (p *Person) Login(ctx context.Context) error {
	if err := p.begin(ctx, "console", "sleep", "infinity"); err != nil {
		return err
	}
	return desktop.Until(ctx, "the service manager of "+p.Name, func() bool {
		out, err := p.Run(ctx, "systemctl", "--user", "is-active", "default.target")
		return err == nil && strings.TrimSpace(out) == "active"
	})
}

// begin starts a session of the person with one program.
func (p *Person) begin(ctx context.Context, what string, program ...string) error {
	args := []string{"systemd-run", "--quiet", "--collect", "--unit=" + p.unit(what), "--uid=" + p.Name, "-p", "PAMName=login", "-p", "WorkingDirectory=" + p.Home()}
	_, err := p.m.Run(ctx, append(args, program...)...)
	return err
}

func (p *Person) unit(what string) string { return p.Name + "-" + what + ".service" }

// Logout ends every session of the person, and waits until nothing of theirs runs.
func (p *Person) Logout(ctx context.Context) error {
	if _, err := p.m.Run(ctx, "loginctl", "terminate-user", p.Name); err != nil {
		return err
	}
	return desktop.Until(ctx, "the end of the last session of "+p.Name, func() bool {
		out, err := p.m.Run(ctx, "systemctl", "is-active", fmt.Sprintf("user@%d.service", p.UID))
		running, perr := p.Programs()
		return err != nil && strings.TrimSpace(out) == "inactive" && perr == nil && len(running) == 0
	})
}

// Command is a command of the person, in the environment that a login gives.
func (p *Person) Command(ctx context.Context, args ...string) *exec.Cmd {
	env := []string{"setpriv", "--reuid", p.Name, "--regid", p.Name, "--init-groups", "--reset-env", "env", "--chdir=" + p.Home(),
		"XDG_RUNTIME_DIR=" + p.Runtime(), "DBUS_SESSION_BUS_ADDRESS=unix:path=" + p.Runtime() + "/bus"}
	return p.m.Command(ctx, append(env, args...)...)
}

// Run runs a command of the person to its end and gives what it printed.
func (p *Person) Run(ctx context.Context, args ...string) (string, error) {
	return output(p.Command(ctx, args...))
}

// Programs are the programs of the person that run, by their pid inside the machine. The parts of a login itself do not count.
func (p *Person) Programs() (map[int]string, error) {
	space, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", p.m.leader))
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	programs := map[int]string{}
	for _, dir := range dirs {
		if in, err := os.Readlink(dir + "/ns/pid"); err != nil || in != space {
			continue
		}
		pid, uid, name := readStatus(dir + "/status")
		if uid == p.UID && !strings.HasPrefix(name, "(") && !slices.Contains([]string{"", "systemd", "sleep", "dbus-daemon"}, name) {
			programs[pid] = name
		}
	}
	return programs, nil
}

// readStatus reads of one process: its pid in the innermost namespace, its user, its name; no name if it has ended.
func readStatus(file string) (pid, uid int, name string) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, ""
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		switch {
		case len(f) < 2:
		case f[0] == "Name:":
			name = f[1]
		case f[0] == "Uid:":
			uid, _ = strconv.Atoi(f[1])
		case f[0] == "NSpid:":
			pid, _ = strconv.Atoi(f[len(f)-1])
		case f[0] == "State:" && f[1] == "Z":
			return 0, 0, ""
		}
	}
	return pid, uid, name
}

// Trace is everything of the person that could be left behind: files of their home and runtime folders with their content, units
// that their service manager knows, programs that run.
func (p *Person) Trace(ctx context.Context) (map[string]string, error) {
	trace := map[string]string{}
	for _, dir := range []string{p.Home(), p.Runtime()} {
		if err := p.files(dir, trace); err != nil {
			return nil, err
		}
	}
	units, err := p.Run(ctx, "systemctl", "--user", "list-units", "--all", "--plain", "--no-legend", "--type=service", "--full")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(units) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.Contains(f[0], "byleave") {
			continue
		}
		if what := strings.Join(f[1:4], " "); what != "not-found inactive dead" { // a name that somebody asked for just now
			trace["unit "+f[0]] = what
		}
	}
	programs, err := p.Programs()
	for _, name := range programs {
		trace["program "+name] = ""
	}
	return trace, err
}

func (p *Person) files(dir string, into map[string]string) error {
	root := p.m.Path(dir)
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went meanwhile
		}
		if err != nil {
			return err
		}
		name := filepath.Join(dir, strings.TrimPrefix(path, root))
		content := ""
		switch {
		case d.Type().IsRegular():
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = string(b)
		case d.Type() == fs.ModeSymlink:
			if content, err = os.Readlink(path); err != nil {
				return err
			}
		}
		if strings.HasPrefix(name, p.Runtime()+"/systemd/") { // the manager's own
			return nil
		}
		into[name] = d.Type().String() + content
		return nil
	})
}

// write puts a file of the person's into the machine.
func (p *Person) write(path, content string, mode fs.FileMode) error {
	at := p.m.Path(path)
	if err := os.WriteFile(at, []byte(content), mode); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return errors.Join(os.Chmod(at, mode), syscall.Chown(at, p.UID, p.UID))
}
