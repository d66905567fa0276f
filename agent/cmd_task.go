package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/proto/ask"
	"github.com/spf13/cobra"
)

func taskCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "task {start WORDS | done | fail}",
		Short: "Say what you are doing, so that what is recorded can be understood",
		Long: "Notes what you begin, and how it ended, in the recording: nothing else is known of what your actions are for. What you write passes\n" +
			"the redactor before it leaves this command, is sealed with the rest, and can be seen, cut and deleted like the rest. It is taken only\n" +
			"while recording is on. Without WORDS you are asked for them, and they stand in no history of your shell.",
		Example: "  byleave task start \"Book the train to the conference\"\n  byleave task done\n  byleave task fail",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return misuse{errors.New("say start, done or fail")} },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "start [WORDS]", Short: "Begin something, in your own words", Example: "  byleave task start \"Book the train to the conference\"", Args: cobra.ArbitraryArgs,
			RunE: func(cmd *cobra.Command, args []string) error { return startTask(cmd, strings.Join(args, " ")) },
		},
		&cobra.Command{
			Use: "done", Short: "It is done", Example: "  byleave task done", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return endTask(cmd, "done", "Noted: it is done.") },
		},
		&cobra.Command{
			Use: "fail", Short: "It did not work", Example: "  byleave task fail", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return endTask(cmd, "fail", "Noted: it did not work.") },
		},
	)
	return cmd
}

func startTask(cmd *cobra.Command, words string) error {
	if err := call(cmd, "status", nil, nil); err != nil { // before anything is asked
		return err
	}
	if strings.TrimSpace(words) == "" && ask.IsTerminal(os.Stdin) {
		fmt.Fprint(cmd.ErrOrStderr(), "What do you begin? ")
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 64<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read what you begin: %w", err)
		}
		words = line
	}
	if strings.TrimSpace(words) == "" {
		return misuse{errors.New("say what you begin: byleave task start \"…\"")}
	}
	clean, err := taskWords(words)
	if err != nil {
		return err
	}
	if err := call(cmd, "task", flow.Task{Step: "start", Words: clean}, nil); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Noted: %s\nSay byleave task done, or byleave task fail, when it is over.\n", clean)
	return nil
}

func endTask(cmd *cobra.Command, step, words string) error {
	if err := call(cmd, "task", flow.Task{Step: step}, nil); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), words)
	return nil
}

// numbered is a class token with its number, which means something in the agent's session alone.
var numbered = regexp.MustCompile(`<([A-Z]+)#[0-9]+>`)

// taskWords redacts before anything leaves this process; the agent does it once more.
func taskWords(words string) (string, error) {
	d, err := openDevice()
	if err != nil {
		return "", err
	}
	r, err := redact.New(redact.Options{Policy: d.newest})
	if err != nil {
		return "", err
	}
	clean, _ := r.Text(strings.Join(strings.Fields(words), " "))
	return numbered.ReplaceAllString(clean, "<$1>"), nil
}
