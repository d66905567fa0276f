package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
)

// bootLimit bounds a boot, which takes seconds, and a shutdown.
const bootLimit = 3 * time.Minute

// Machine is a running machine. It shares the network of this one, so that a collector on the loopback of one is on that of the other.
type Machine struct {
	nspawn *exec.Cmd
	done   chan struct{}
	leader int // its first process, as seen from here
	log    *os.File
	people int
}

// Boot builds the tree if need be, and boots it. It needs root: only root can start a system of its own. End it with Close.
func Boot(ctx context.Context) (*Machine, error) {
	if os.Getuid() != 0 {
		return nil, errors.New("service: booting a machine needs root; run the tests as root, or leave out ./e2e/service as `make test` does for others")
	}
	dir, err := tree(ctx)
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp("", "byleave-machine-*.log")
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	args := []string{"--quiet", "-D", dir, "--boot", "--volatile=overlay", "--register=no", "--console=pipe", "--machine", fmt.Sprintf("byleave-%d", os.Getpid())}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		args = append(args, "--keep-unit") // there is nobody here to ask for a unit
	}
	m := &Machine{nspawn: exec.Command("systemd-nspawn", args...), log: log, done: make(chan struct{})}
	m.nspawn.Stdout, m.nspawn.Stderr = log, log
	m.nspawn.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // a test that is killed leaves no machine
	if err := m.nspawn.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("service: start systemd-nspawn (make deps installs systemd-container): %w", err), m.forget())
	}
	go func() {
		_ = m.nspawn.Wait() // how it ended is in its log
		close(m.done)
	}()
	if err := m.await(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", err, m.words()), m.Close())
	}
	return m, nil
}

// await waits until the machine has booted.
func (m *Machine) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bootLimit)
	defer cancel()
	return desktop.Until(ctx, "the machine to boot; it needs the rights to mount and to make namespaces", func() bool {
		select {
		case <-m.done:
			cancel()
			return false
		default:
		}
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", m.nspawn.Process.Pid))
		if err != nil {
			return false
		}
		first, _, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
		if m.leader, err = strconv.Atoi(first); err != nil {
			return false
		}
		out, err := m.Command(ctx, "systemctl", "is-system-running").Output()
		state := strings.TrimSpace(string(out))
		return state == "running" || err != nil && state == "degraded"
	})
}

// Close shuts the machine down and forgets all that was written in it.
func (m *Machine) Close() error {
	if err := m.nspawn.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("service: shut the machine down: %w", err)
	}
	select {
	case <-m.done:
	case <-time.After(bootLimit):
		if err := m.nspawn.Process.Kill(); err != nil {
			return fmt.Errorf("service: the machine does not end: %w", err)
		}
		<-m.done
	}
	return m.forget()
}

func (m *Machine) forget() error { return errors.Join(m.log.Close(), os.Remove(m.log.Name())) }

// words is the end of what the machine said.
func (m *Machine) words() string {
	b, err := os.ReadFile(m.log.Name())
	if err != nil {
		return ""
	}
	return string(b[max(0, len(b)-2000):])
}

// Command is a command of the machine's root.
func (m *Machine) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--target", strconv.Itoa(m.leader), "--all", "--"}, args...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	return cmd
}

// Run runs a command of the machine's root to its end and gives what it printed.
func (m *Machine) Run(ctx context.Context, args ...string) (string, error) {
	return output(m.Command(ctx, args...))
}

// Path is where a path of the machine lies here.
func (m *Machine) Path(path string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", m.leader), path)
}

// output is what a command printed, with its complaints in the error.
func output(cmd *exec.Cmd) (string, error) {
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(words.String()))
	}
	return out.String(), nil
}

// copyIn copies a file of this machine into the other.
func (m *Machine) copyIn(from, to string, uid int) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("service: %w", err)
	}
	defer in.Close()
	path := m.Path(to)
	out, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return fmt.Errorf("service: %w", err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close(), os.Chmod(path+".new", 0o755), os.Chown(path+".new", uid, uid), os.Rename(path+".new", path)); err != nil {
		return fmt.Errorf("service: copy a program: %w", err)
	}
	return nil
}
