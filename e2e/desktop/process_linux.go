package desktop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// stopLimit is how long a process group may take to end by itself. What is killed before may lose what it held, and a test with it.
const stopLimit = 30 * time.Second

// Process is a program of the session. It leads a process group of its own.
type Process struct {
	Pid int
	Log string // file with its stdout and stderr

	done chan struct{}
	err  error       // of Wait; valid once done is closed
	gone atomic.Bool // nothing of its group runs: the number may be that of a stranger by now, and is never signalled again
}

// Start runs a program of the session in the background; what it prints goes to a file named after name.
func (d *Desktop) Start(name, program string, args ...string) (*Process, error) {
	return d.launch(name, program, args)
}

// launch starts a program, which ends at the latest with this process, however that ends; extra files become descriptors 3 and up.
func (d *Desktop) launch(name, program string, args []string, extra ...*os.File) (*Process, error) {
	dir := filepath.Join(d.dir, "log")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("desktop: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("desktop: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = d.Env(), log, log, extra
	if home := d.Home(); home != "" {
		cmd.Dir = home
	}
	d.acct.become(cmd)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	p, started := &Process{Log: log.Name(), done: make(chan struct{})}, make(chan error)
	go func() {
		runtime.LockOSThread() // the signal comes with the end of the thread that started it
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		p.gone.Store(!groupRuns(cmd.Process.Pid))
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("desktop: cannot start %s: %w", name, err)
	}
	p.Pid = cmd.Process.Pid
	fmt.Fprintf(d.opt.Log, "started %s (pid %d)\n", name, p.Pid)
	d.mu.Lock()
	d.procs = append(d.procs, p)
	d.mu.Unlock()
	return p, nil
}

// Running tells whether the program still runs.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Wait waits for the program to end by itself and gives its error.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return fmt.Errorf("desktop: process %d still runs: %w", p.Pid, ctx.Err())
	}
}

// Stop asks the process group to end, and kills what still runs after stopLimit. A program that had ended already is no error.
func (p *Process) Stop() error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
	}
	return p.Kill()
}

// Kill ends the process group at once (SIGKILL) and waits until all of it is gone.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return Until(ctx, "the process group to end", func() bool {
		if !p.gone.Load() && !groupRuns(p.Pid) {
			p.gone.Store(true)
		}
		return p.gone.Load()
	})
}

// groupRuns tells whether any process of the group still runs. One that has ended but was not yet reaped by its new
// parent does not count: some systems' first process takes seconds for that.
func groupRuns(group int) bool {
	if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
		return false
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return true
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		// pid (name) state parent group ...; the name may hold anything, so read from its last bracket.
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(f) > 2 && f[2] == strconv.Itoa(group) && f[0] != "Z" && f[0] != "X" {
			return true
		}
	}
	return false
}

// signal reaches the whole group: a program's children end with it.
func (p *Process) signal(s syscall.Signal) error {
	if p.gone.Load() {
		return nil
	}
	if err := syscall.Kill(-p.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("desktop: signal %v to group %d: %w", s, p.Pid, err)
	}
	return nil
}
