package pty

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Terminal is a terminal at which a command runs.
type Terminal struct {
	cmd    *exec.Cmd
	master *os.File
	read   chan error // the end of what is shown

	mu    sync.Mutex
	shown bytes.Buffer
	grew  chan struct{} // closed when more was shown, and made anew
}

// Run starts cmd with a terminal as standard input, output and error, types answers, and returns what was shown. The command is
// bounded by the context it was made with.
func Run(cmd *exec.Cmd, answers string) (shown []byte, err error) {
	t, err := Start(cmd)
	if err != nil {
		return nil, err
	}
	err = t.Type(answers)
	shown, werr := t.Wait()
	return shown, errors.Join(err, werr)
}

// Start starts cmd with a terminal as standard input, output and error. Wait for it.
func Start(cmd *exec.Cmd) (*Terminal, error) {
	master, slave, err := open()
	if err != nil {
		return nil, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = false // a session leader cannot also change its group
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty = true, true
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, slave.Close(), master.Close())
	}
	slave.Close()
	t := &Terminal{cmd: cmd, master: master, read: make(chan error, 1), grew: make(chan struct{})}
	go func() {
		_, err := io.Copy(t, master)
		if errors.Is(err, syscall.EIO) { // the last program has left the terminal
			err = nil
		}
		t.read <- err
	}()
	return t, nil
}

// Write takes in what is shown.
func (t *Terminal) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.grew)
	t.grew = make(chan struct{})
	return t.shown.Write(b)
}

// Type types answers, as fast as the terminal takes them.
func (t *Terminal) Type(answers string) error {
	if _, err := io.WriteString(t.master, answers); err != nil {
		return fmt.Errorf("type the answers: %w", err)
	}
	return nil
}

// Until waits until words are shown.
func (t *Terminal) Until(ctx context.Context, words string) error {
	for {
		t.mu.Lock()
		shown, grew := t.shown.String(), t.grew
		t.mu.Unlock()
		if strings.Contains(shown, words) {
			return nil
		}
		select {
		case <-grew:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %q at the terminal, which shows %q: %w", words, shown, ctx.Err())
		}
	}
}

// Wait waits until the command has ended, and returns what was shown.
func (t *Terminal) Wait() ([]byte, error) {
	defer t.master.Close()
	err := t.cmd.Wait()
	err = errors.Join(err, <-t.read)
	return t.shown.Bytes(), err
}

// open makes a terminal: master is the person's side.
func open() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(err, master.Close())
	}
	return master, slave, nil
}
