package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// own lets a person use their own desktop: they read what is asked, agree or not, work as long as they like, and see what came of it.
func own(ctx context.Context, o options) (err error) {
	if err := clean(o.out); err != nil {
		return err
	}
	d, err := desktop.Start(ctx, desktop.Options{Display: o.display})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	s, err := stage.Open(ctx, d, stage.Options{Bin: o.bin})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := ask(ctx, d, s); err != nil {
		return fmt.Errorf("without your consent nothing is recorded: %w", err)
	}
	receipt, err := s.Byleave(ctx, "consent", "show", "--json")
	if err != nil {
		return err
	}
	if strings.TrimSpace(receipt) == "null" { // a no is an answer, not a failure
		fmt.Println("You agreed to nothing, so nothing is recorded, and this is the end.")
		return nil
	}
	agent, err := s.RunAgent()
	if err != nil {
		return err
	}
	fmt.Println("Recording what you agreed to. Open mousepad and work; press Return here to end.")
	if _, err := fmt.Scanln(); err != nil && err.Error() != "unexpected newline" {
		return errors.Join(err, agent.Stop())
	}
	if _, err := s.Byleave(ctx, "pause"); err != nil {
		return errors.Join(err, agent.Stop())
	}
	if err := s.Until(ctx, "the boxes to be acknowledged", func(st stage.Status) bool { return st.Spool.Held == 0 }); err != nil {
		return errors.Join(err, agent.Stop())
	}
	export := filepath.Join(o.out, "export")
	words, err := s.Export(ctx, export)
	fmt.Print(words)
	return errors.Join(err, agent.Stop())
}

// ask is `byleave consent give` at the terminal at which the demo was started.
func ask(ctx context.Context, d *desktop.Desktop, s *stage.Stage) error {
	cmd := exec.CommandContext(ctx, s.Binary(), "consent", "give")
	cmd.Env = append(d.Env(), "BYLEAVE_HOME="+s.Home)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
