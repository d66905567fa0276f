package script

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"

	"github.com/byleave/byleave/e2e/desktop"
)

// Person is a running scripted person. Its methods are for one goroutine.
type Person struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// Start starts the person's program on the desktop, with the pace that the seed gives.
func Start(ctx context.Context, d *desktop.Desktop, program string, seed int64) (*Person, error) {
	cmd := d.Command(ctx, program)
	cmd.Env = append(cmd.Env, "SEED="+strconv.FormatInt(seed, 10))
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("person: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("person: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("person: start: %w", err)
	}
	return &Person{cmd, in, bufio.NewScanner(out)}, nil
}

// Do lets the person do one act and returns when it is done.
func (p *Person) Do(a Act) (Done, error) {
	b, err := json.Marshal(a)
	if err != nil {
		return Done{}, fmt.Errorf("person: %w", err)
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		return Done{}, fmt.Errorf("person: %s: %w", a.Do, err)
	}
	if !p.out.Scan() {
		return Done{}, fmt.Errorf("person: %s: %w", a.Do, errors.Join(p.out.Err(), io.ErrUnexpectedEOF))
	}
	var d Done
	if err := json.Unmarshal(p.out.Bytes(), &d); err != nil {
		return Done{}, fmt.Errorf("person: %s: %w", a.Do, err)
	}
	if d.Error != "" {
		return d, fmt.Errorf("person: %s: %s", a.Do, d.Error)
	}
	return d, nil
}

// Close lets the person go and waits for the program.
func (p *Person) Close() error {
	return errors.Join(p.in.Close(), p.cmd.Wait())
}
