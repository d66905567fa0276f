package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/byleave/byleave/agent/internal/review"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/policy"
	"github.com/spf13/cobra"
)

// shown is one box and its whole plaintext.
type shown struct {
	Batch string `json:"batch"`
	State string `json:"state"`
	review.Plain
}

func showCommand() *cobra.Command {
	var next, asJSON bool
	var secret string
	cmd := &cobra.Command{
		Use:   "show {--as-sent | BATCH}",
		Short: "Print the exact plaintext of the next box that will leave, or of one that is kept here",
		Long: "Opens one box with your own key and prints all that lies under its seal: the events word for word, and the pictures by name and\n" +
			"size. BATCH is the beginning of a batch id, as byleave export-mine and the review page name it. Nothing is changed or sent.",
		Example: "  byleave show --as-sent\n  byleave show --as-sent --json\n  byleave show 5f1c22",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if next == (len(args) == 1) {
				return misuse{errors.New("say which box: --as-sent for the next one that leaves, or the beginning of a batch id")}
			}
			m, err := askMine(cmd, secret)
			if err != nil {
				return err
			}
			s, err := m.plain(strings.Join(args, ""))
			if err != nil {
				return err
			}
			if asJSON {
				b, err := json.Marshal(s)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", policy.InertJSON(b))
				return err
			}
			printShown(cmd, s)
			return nil
		},
	}
	cmd.Flags().BoolVar(&next, "as-sent", false, "the next box that will leave")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&secret, "passphrase-file", "", "read your passphrase from this file")
	return cmd
}

// plain opens the next box, or the one whose batch id begins with id.
func (m *mine) plain(id string) (shown, error) {
	found, err := m.found()
	if err != nil {
		return shown{}, err
	}
	f := next(found)
	if id != "" {
		if f, err = boxNamed(found, id); err != nil {
			return shown{}, err
		}
	}
	if f == nil {
		return shown{}, errors.New("nothing waits to leave; byleave review shows what was sent")
	}
	p, err := m.open(*f)
	if err != nil {
		return shown{}, fmt.Errorf("box %x does not open: %s", f.Batch, rights.Damage(err))
	}
	plain, err := review.Plaintext(p)
	return shown{hex.EncodeToString(f.Batch[:]), stateOf(f.Place), plain}, err
}

// boxNamed finds the one box whose batch id begins with id.
func boxNamed(found []spool.Found, id string) (*spool.Found, error) {
	var hit *spool.Found
	for i, f := range found {
		if f.Sequence == 0 || !strings.HasPrefix(hex.EncodeToString(f.Batch[:]), strings.ToLower(id)) {
			continue
		}
		if hit != nil {
			return nil, misuse{errors.New("more than one box begins with that; write more of its id")}
		}
		hit = &found[i]
	}
	if hit == nil {
		return nil, errors.New("no box on this computer has an id that begins with that; byleave review lists them")
	}
	return hit, nil
}

func stateOf(p spool.Place) string {
	return map[spool.Place]string{spool.Waiting: "held", spool.Copy: "sent", spool.Aside: "set aside"}[p]
}

func printShown(cmd *cobra.Command, s shown) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "Box %s, %s. All that lies under its seal:\n\n%s\n\n", s.Batch, s.State, review.PlainText(string(s.Payload)))
	for _, f := range s.Frames {
		fmt.Fprintf(out, "%s  %d x %d, %d bytes\n", f.Name, f.Width, f.Height, f.Bytes)
	}
	if len(s.Frames) == 0 {
		fmt.Fprintln(out, "No pictures.")
	}
}
