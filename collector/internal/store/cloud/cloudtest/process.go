//go:build linux

package cloudtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// roomNeeded is what a server may take.
const roomNeeded = 2 << 30

// makeFolder makes a folder that as may write, in memory where there is room: what is tested here is what the servers promise, not a disk.
func makeFolder(as *syscall.Credential) (string, error) {
	parent := ""
	var fs unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &fs); err == nil && fs.Bavail*uint64(fs.Bsize) > roomNeeded {
		parent = "/dev/shm"
	}
	dir, err := os.MkdirTemp(parent, "byleave-")
	if err == nil && as != nil {
		err = os.Chown(dir, int(as.Uid), int(as.Gid))
	}
	return dir, err
}

// unprivileged is who runs the database, which refuses to run as root. Not root already: whoever we are, nil.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres") // the package made it
	if err != nil {
		return nil, errors.New("there is no user postgres: run make deps")
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// process is a server of ours.
type process struct {
	cmd  *exec.Cmd
	last *tail
	done sync.WaitGroup
}

// begin starts a server and returns when it has said ready, or ended.
func begin(cmd *exec.Cmd, as *syscall.Credential, ready string) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	p := &process{cmd: cmd, last: &tail{}}
	is := make(chan bool, 1)
	p.done.Add(1)
	go func() {
		defer p.done.Done()
		defer close(is)
		told := false
		for r := bufio.NewScanner(out); r.Scan(); {
			p.last.add(r.Text())
			if !told && strings.Contains(r.Text(), ready) {
				told = true
				is <- true
			}
		}
	}()
	if !<-is {
		p.done.Wait()
		return nil, fmt.Errorf("%s ended: %w\n%s", filepath.Base(cmd.Path), cmd.Wait(), p.last)
	}
	return p, nil
}

// kill ends the server as a power failure would.
func (p *process) kill() error { return p.end(syscall.SIGKILL) }

func (p *process) end(how syscall.Signal) error {
	if err := p.cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	p.done.Wait()
	var ended *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &ended) && !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	return nil
}

// tail is what a server said last.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lines = append(t.lines, line); len(t.lines) > 20 {
		t.lines = t.lines[1:]
	}
}

// String is the lines.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}
