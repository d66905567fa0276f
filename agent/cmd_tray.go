package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/byleave/byleave/installer/service"
	"github.com/spf13/cobra"
)

func trayCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "tray",
		Short: "Show the tray icon again, or say why it cannot be seen",
		Long: "The running agent shows its tray icon by itself, from its own process: it costs no second one. This lets it look again for a\n" +
			"session bus that was missing, and says why no icon is seen if none is.",
		Example: "  byleave tray",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var why string
			if err := call(cmd, "tray", nil, &why); err != nil {
				return err
			}
			if why != "" {
				return errors.New(why)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "The tray icon is shown. Its shape tells the state; its menu pauses, forgets and withdraws.")
			return nil
		},
	}
}

// startReview runs `byleave review`, which opens the person's browser, and returns when it has said where it listens, or why it
// cannot. The review goes on by itself, at the longest until ctx ends.
func startReview(ctx context.Context) error {
	if browserOpener() == "" { // nobody would see the address
		return errors.New("the review finds no desktop on which it could open a browser; run in a terminal: byleave review")
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	cmd := service.Outside(ctx, self, "review") // no browser runs under the filters of the unit
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start the review: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the review: %w", err)
	}
	lines := bufio.NewReader(out)
	_, early := lines.ReadString('\n')
	if early == nil {
		go func() {
			_, _ = io.Copy(io.Discard, lines) // until it ends: the page tells the person how it went
			_ = cmd.Wait()
		}()
		return nil
	}
	if err := cmd.Wait(); err == nil {
		return nil
	}
	return errors.New("the review does not start: " + strings.TrimPrefix(strings.TrimSpace(words.String()), "byleave: "))
}
