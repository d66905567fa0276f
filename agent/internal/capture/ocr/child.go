package ocr

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/ocr/talk"
)

// child is the running process.
type child struct {
	cmd     *exec.Cmd
	in      *os.File // lines
	out     *os.File // answers
	got     *bufio.Reader
	born    time.Time
	greeted bool // it is ready for lines
}

// start runs the program. It sees nothing of the agent: no environment, no file, the root folder.
func start(path string) (*child, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), theirIn.Close(), in.Close())
	}
	cmd := &exec.Cmd{Path: path, Args: []string{"byleave-ocr"}, Env: []string{}, Dir: root(path), Stdin: theirIn, Stdout: theirOut}
	err = cmd.Start()
	_, _ = theirIn.Close(), theirOut.Close() // the process has its own
	if err != nil {
		_, _ = in.Close(), out.Close() // nobody is at the other end
		return nil, fmt.Errorf("%w: start it: %w", ErrAbsent, err)
	}
	return &child{cmd: cmd, in: in, out: out, got: bufio.NewReaderSize(out, 4<<10), born: time.Now()}, nil
}

// greet waits until the process is ready, counted from its start. When ctx ends before, it can be asked again.
func (c *child) greet(ctx context.Context) error {
	if c.greeted {
		return nil
	}
	done, err := c.until(ctx, time.Until(c.born.Add(longestStart)))
	if err != nil {
		return err
	}
	defer done()
	state, err := talk.ReadGreeting(c.got)
	if err == nil && state != talk.Ready {
		err = fmt.Errorf("%w: %s", ErrAbsent, state)
	}
	c.greeted = err == nil
	return err
}

// until lets what is sent and received last so long, or until ctx ends; call what it gives afterwards.
func (c *child) until(ctx context.Context, d time.Duration) (done func() bool, err error) {
	if err := c.deadline(time.Now().Add(d)); err != nil {
		return nil, fmt.Errorf("this system cannot wait for so long and no longer: %w", err)
	}
	return context.AfterFunc(ctx, func() { _ = c.deadline(time.Unix(1, 0)) }), nil // it worked a moment ago
}

func (c *child) deadline(t time.Time) error {
	return errors.Join(c.in.SetWriteDeadline(t), c.out.SetReadDeadline(t))
}

// ask sends a line and takes the answer.
func (c *child) ask(ctx context.Context, d time.Duration, number uint32, line *image.Gray, frame []byte) (talk.Answer, []byte, error) {
	done, err := c.until(ctx, d)
	if err != nil {
		return talk.Answer{}, frame, err
	}
	defer done()
	if c.got.Buffered() > 0 {
		return talk.Answer{}, frame, talk.ErrFrame // it spoke without being asked
	}
	frame, err = talk.WriteLine(c.in, number, line, frame)
	if err != nil {
		return talk.Answer{}, frame, err
	}
	a, err := talk.ReadAnswer(c.got)
	if err == nil && a.Number != number {
		err = talk.ErrFrame
	}
	return a, frame, err
}

// end kills the process and waits for it: nothing of it stays.
func (c *child) end() {
	_ = c.cmd.Process.Kill() // it may be dead already
	_, _ = c.in.Close(), c.out.Close()
	_ = c.cmd.Wait() // how it died does not matter
}
