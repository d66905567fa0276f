package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

// forgetSome forgets one application, or boxes by their ids.
func forgetSome(cmd *cobra.Command, f forgetFlags) error {
	if f.all || f.last != 0 || f.since != "" || f.until != "" || f.app != "" && len(f.boxes) > 0 {
		return misuse{errors.New("say what to forget with one of --last, --since (and --until), --app, --batch, or --all")}
	}
	if f.app == "" {
		return forgetBoxes(cmd, f)
	}
	if err := call(cmd, "status", nil, nil); err != nil { // before a passphrase is asked for
		return err
	}
	m, err := askMine(cmd, f.secret)
	if err != nil {
		return err
	}
	app, err := m.appNamed(f.app)
	if err != nil {
		return err
	}
	var bar *progressbar.ProgressBar
	done, err := m.forgetApp(cmd.Context(), app, func(n, all int) {
		if bar == nil {
			bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription("boxes"),
				progressbar.OptionShowCount(), progressbar.OptionSetVisibility(ask.IsTerminal(os.Stderr)), progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionClearOnFinish())
		}
		_ = bar.Set(n) // a bar that cannot be drawn stops nothing
	})
	if err != nil {
		return err
	}
	if f.asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(done)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Taken out of boxes that had not left: its actions and pictures in %s; the rest stays.\n", policy.Count(done.Cut, "box"))
	if done.Damaged > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "Did not open, so nobody knows whether it is in there: %s; byleave forget --since destroys by time.\n", policy.Count(done.Damaged, "box"))
	}
	printForgotten(cmd.OutOrStdout(), done.forgotten)
	return nil
}

// forgetBoxes destroys boxes by the beginning of their ids. A whole id counts also if the box is not here any more.
func forgetBoxes(cmd *cobra.Command, f forgetFlags) error {
	home, err := homeDir()
	if err != nil {
		return err
	}
	found, err := spool.NewLooker(spool.OS(), filepath.Join(home, "spool")).Look()
	if err != nil {
		return err
	}
	var what flow.Forget
	for _, id := range f.boxes {
		if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 {
			what.Boxes = append(what.Boxes, envelope.ID(raw))
			continue
		}
		if id == "" {
			return misuse{errors.New("--batch is the beginning of a batch id, as byleave review and export-mine name it")}
		}
		box, err := boxNamed(found, id)
		if err != nil {
			return err
		}
		what.Boxes = append(what.Boxes, box.Batch)
	}
	return forget(cmd, what, f.asJSON)
}
