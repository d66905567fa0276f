package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

func exportMineCommand() *cobra.Command {
	var secret string
	cmd := &cobra.Command{
		Use:   "export-mine DIR",
		Short: "Write everything of yours that is on this computer into a folder, readable",
		Long: "Opens everything on this computer with your own key and writes it into DIR: what was recorded line by line, the pictures, your\n" +
			"consents, receipts and records of erasures, and a manifest with the hash of each. It needs neither the collector nor the agent.\n" +
			"DIR must be empty or not exist; nothing is ever overwritten. What lies there is readable by anyone who can read the folder.",
		Example: "  byleave export-mine ~/my-recordings",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := askMine(cmd, secret)
			if err != nil {
				return err
			}
			man, err := m.export(cmd, args[0])
			if err != nil {
				return err
			}
			events, damaged := 0, 0
			for _, b := range man.Boxes {
				events += b.Events
				if b.Damaged != "" {
					damaged++
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Wrote %d boxes with %d events, %d files in all, to %s.\n", len(man.Boxes), events, len(man.Files)+1, args[0])
			if damaged > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "%d do not open; they lie in damaged/ as they are, and manifest.json says why.\n", damaged)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Anyone who can read that folder can read all of it.")
			return nil
		},
	}
	cmd.Flags().StringVar(&secret, "passphrase-file", "", "read your passphrase from this file")
	return cmd
}

func (m *mine) export(cmd *cobra.Command, dir string) (rights.Manifest, error) {
	papers, err := papersOf(m.keys)
	if err != nil {
		return rights.Manifest{}, err
	}
	found, err := m.found()
	if err != nil {
		return rights.Manifest{}, err
	}
	boxes := make([]rights.Sealed, 0, len(found))
	for _, f := range found {
		boxes = append(boxes, rights.Sealed{Name: f.Name, State: stateOf(f.Place), Batch: f.Batch, Sequence: f.Sequence, From: f.From, Until: f.Until, Raw: f.Raw})
	}
	bar := progressbar.NewOptions(len(boxes), progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription("boxes"),
		progressbar.OptionShowCount(), progressbar.OptionSetVisibility(isTerminal(os.Stderr)), progressbar.OptionThrottle(100*time.Millisecond))
	man, err := m.read.Export(dir, boxes, papers, func() { _ = bar.Add(1) }) // a bar that cannot be drawn stops nothing
	if err == nil && isTerminal(os.Stderr) {
		fmt.Fprintln(cmd.ErrOrStderr())
	}
	return man, err
}

// papersOf is everything of the person's beside what was recorded. Keys and secrets are not among it.
func papersOf(keys *keystore.Store) (out []rights.Paper, err error) {
	given, err := keys.Consents()
	if err != nil {
		return nil, err
	}
	for _, g := range given {
		name := digestName(g.Consent)
		out = append(out, rights.Paper{Path: "consents/" + name + ".consent", Body: g.Consent}, rights.Paper{Path: "consents/" + digestName(g.Policy) + ".policy", Body: g.Policy})
	}
	signed, err := keys.Policy()
	if err != nil {
		return nil, err
	}
	if signed != nil {
		out = append(out, rights.Paper{Path: "consents/" + digestName(signed) + ".policy", Body: signed})
	}
	names, err := keys.Receipts()
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		j, text, err := keys.Receipt(n)
		if err != nil {
			return nil, err
		}
		out = append(out, rights.Paper{Path: "receipts/" + n + ".json", Body: j}, rights.Paper{Path: "receipts/" + n + ".txt", Body: text})
	}
	records, err := keys.ErasureRecords()
	if err != nil {
		return nil, err
	}
	for id, b := range records {
		out = append(out, rights.Paper{Path: fmt.Sprintf("records/erasure-%x.record", id), Body: b})
	}
	return out, nil
}

func digestName(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
