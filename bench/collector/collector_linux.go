package collector

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Collector is one collector. Its methods are for one goroutine at a time, but for CPU, Memory and Peak.
type Collector struct {
	Addr string

	binary, dir string
	args        []string
	cmd         *exec.Cmd
	pid         int
	before      time.Duration // what earlier lives computed
	most        int64         // the most that an earlier life held
}

// run is a command that no context ends: what serves is ended by Stop and Kill, and the others end by themselves.
func run(program string, args ...string) *exec.Cmd {
	return exec.CommandContext(context.Background(), program, args...)
}

// Start makes a collector's folder and serves it on a free port of loopback. args go to serve, too.
func Start(binary, dir string, args ...string) (*Collector, error) {
	if err := done(run(binary, "init", "--dir", dir)); err != nil {
		return nil, err
	}
	c := &Collector{Addr: "127.0.0.1:0", binary: binary, dir: dir, args: args}
	return c, c.serve()
}

// Share makes n collectors of one store, as an operator would: a folder in dir, copies of it, and in each the cloud.json that the file cloud
// holds. After an error those that it returns are to be stopped all the same.
func Share(binary, dir, cloud string, n int) (all []*Collector, err error) {
	first := filepath.Join(dir, "1")
	text, err := os.ReadFile(filepath.Clean(cloud))
	if err == nil {
		err = done(run(binary, "init", "--dir", first))
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(first, "cloud.json"), text, 0o600)
	}
	for i := 2; i <= n && err == nil; i++ {
		err = done(run("cp", "-a", first, filepath.Join(dir, strconv.Itoa(i))))
	}
	for i := 1; i <= n && err == nil; i++ {
		c := &Collector{Addr: "127.0.0.1:0", binary: binary, dir: filepath.Join(dir, strconv.Itoa(i))}
		err = c.serve()
		all = append(all, c)
	}
	return all, err
}

// done runs a command to its end.
func done(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("collector: %s: %w: %s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

func (c *Collector) serve() error {
	cmd := run(c.binary, append([]string{"serve", "--dir", c.dir, "--listen", c.Addr}, c.args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("collector: %w", err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("collector: serve: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("collector: it did not start: %w", errors.Join(err, cmd.Wait()))
	}
	c.cmd, c.pid, c.Addr = cmd, cmd.Process.Pid, strings.TrimSpace(strings.TrimPrefix(line, "ready:"))
	return nil
}

// mostInvitations stand in one lot.
const mostInvitations = 10_000

// Invite returns n invitations.
func (c *Collector) Invite(n int) ([]string, error) {
	var all []string
	for ; n > 0; n -= min(n, mostInvitations) {
		out, err := run(c.binary, "invite", "--dir", c.dir, "--count", strconv.Itoa(min(n, mostInvitations))).Output()
		if err != nil {
			return nil, fmt.Errorf("collector: invite: %w", err)
		}
		all = append(all, strings.Fields(string(out))...)
	}
	return all, nil
}

// Stop asks it to end and waits; Kill does not ask. Both may be followed by Again.
func (c *Collector) Stop() error {
	if err := c.end(os.Interrupt); err != nil {
		return fmt.Errorf("collector: it did not stop well: %w", err)
	}
	return nil
}

// Kill ends it without a word.
func (c *Collector) Kill() error {
	var exit *exec.ExitError
	if err := c.end(os.Kill); !errors.As(err, &exit) {
		return fmt.Errorf("collector: it was not killed: %w", err)
	}
	return nil
}

func (c *Collector) end(sig os.Signal) error {
	if c.cmd == nil {
		return nil
	}
	c.most = max(c.most, c.Peak())
	cmd := c.cmd
	c.cmd, c.pid = nil, 0 // which may be anybody's soon
	if err := cmd.Process.Signal(sig); err != nil {
		return err
	}
	err := cmd.Wait()
	c.before += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return err
}

// Again starts it at the same address.
func (c *Collector) Again() error { return c.serve() }

// Check reads every box that the folder holds; the collector must not run.
func (c *Collector) Check() error {
	out, err := run(c.binary, "check", "--dir", c.dir).Output()
	if !bytes.Contains(out, []byte("every box matches its checksum")) {
		return fmt.Errorf("collector: check: %w: %s", err, out)
	}
	return nil // what else it finds, a missing policy, is none of a measurement's business
}

// CPU is what it has computed in all its lives.
func (c *Collector) CPU() time.Duration { return c.before + CPU(c.pid) }

// Peak is the most memory that it held at once, in bytes.
func (c *Collector) Peak() int64 { return max(c.most, Peak(c.pid)) }

// Memory is its resident memory that no file backs, in bytes.
func (c *Collector) Memory() int64 { return Memory(c.pid) }

// Disk is how many bytes its index and its packs take.
func (c *Collector) Disk() (index, packs int64, err error) {
	err = filepath.WalkDir(c.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(e.Name(), "index.db"):
			index += info.Size()
		case filepath.Ext(e.Name()) == ".pack":
			packs += info.Size()
		}
		return nil
	})
	return index, packs, err
}

// CPU is what a process has computed; 0 if there is none.
func CPU(pid int) (sum time.Duration) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	for _, f := range fields[11:13] { // ticks of 10 ms
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0
		}
		sum += time.Duration(ticks) * 10 * time.Millisecond
	}
	return sum
}

// Peak is the most memory that a process held at once, in bytes; 0 if there is none.
func Peak(pid int) int64 { return memory(pid, "VmHWM:") }

// Memory is a process's resident memory that no file backs, in bytes; 0 if there is none.
func Memory(pid int) int64 { return memory(pid, "RssAnon:") }

func memory(pid int, field string) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// Own is what this process has computed.
func Own() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
