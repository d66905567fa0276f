package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

func exportMineCommand() *cobra.Command {
	var secret, receipt string
	var fetch bool
	cmd := &cobra.Command{
		Use:   "export-mine DIR",
		Short: "Write everything of yours that is on this computer, or at the collector, into a folder, readable",
		Long: "Opens everything on this computer with your own key and writes it into DIR: what was recorded line by line, the pictures, your\n" +
			"consents, receipts and records of erasures, and a manifest with the hash of each. It needs neither the collector nor the agent.\n" +
			"DIR must be empty or not exist; nothing is ever overwritten. What lies there is readable by anyone who can read the folder.\n\n" +
			"--from-collector also gets back what is at the collector and no longer here, from all computers of yours. --receipt works from\n" +
			"any machine, with your receipt and your recovery code: for when the computer is lost.",
		Example: "  byleave export-mine ~/my-recordings\n  byleave export-mine --from-collector ~/all-of-it\n  byleave export-mine --receipt 'byleave://…' ~/all-of-it",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var man rights.Manifest
			var err error
			if receipt != "" {
				man, err = exportByReceipt(cmd, receipt, secret, args[0])
			} else {
				man, err = exportHere(cmd, secret, fetch, args[0])
			}
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
			fmt.Fprintf(cmd.OutOrStdout(), "Wrote %s with %s, %s in all, to %s.\n", policy.Count(len(man.Boxes), "box"), policy.Count(events, "event"), policy.Count(len(man.Files)+1, "file"), args[0])
			if damaged > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "%d do not open; they lie in damaged/ as they are, and manifest.json says why.\n", damaged)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Anyone who can read that folder can read all of it.")
			return nil
		},
	}
	cmd.Flags().StringVar(&secret, "passphrase-file", "", "read your passphrase, or with --receipt your recovery code, from this file")
	cmd.Flags().BoolVar(&fetch, "from-collector", false, "also get back what is no longer on this computer")
	cmd.Flags().StringVar(&receipt, "receipt", "", "get back everything with a receipt and the recovery code, from any machine; - reads it from standard input")
	return cmd
}

func exportHere(cmd *cobra.Command, secret string, fetch bool, dir string) (man rights.Manifest, err error) {
	m, err := askMine(cmd, secret)
	if err != nil || !fetch {
		if err == nil {
			man, err = m.export(cmd, nil, dir)
		}
		return man, err
	}
	line, err := upload.Open(m.id)
	if err != nil {
		return man, err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	held, err := line.Mine(cmd.Context())
	if err != nil {
		return man, err
	}
	return m.export(cmd, &remote{cmd.Context(), line, held}, dir)
}

// exportByReceipt writes out what the collector gives back, with the key of the recovery code.
func exportByReceipt(cmd *cobra.Command, receipt, file, dir string) (man rights.Manifest, err error) {
	given, err := ask.Bearer(cmd.Context(), receipt, receiptAsked, cmd.InOrStdin(), cmd.ErrOrStderr())
	if err != nil {
		return man, err
	}
	r, err := erasure.ParseReceipt(given)
	if err != nil {
		return man, misuse{err}
	}
	var code []byte
	if file != "" {
		code, err = readPassphrase(cmd.Context(), cmd.ErrOrStderr(), file)
	} else {
		code, err = ask.Hidden(cmd.Context(), cmd.ErrOrStderr(), "Your recovery code: ")
	}
	if err != nil {
		return man, err
	}
	defer clear(code)
	key, err := keystore.Recovered(string(code))
	if err != nil {
		return man, err
	}
	line, err := upload.OpenByReceipt(r)
	if err != nil {
		return man, err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	held, err := line.Mine(cmd.Context())
	if err != nil {
		return man, err
	}
	return writeOut(cmd, rights.NewReader(key, nil), nil, &remote{cmd.Context(), line, held}, heldPapers(held), dir)
}

// remote is what a collector holds of the person and can give back.
type remote struct {
	ctx  context.Context
	line *upload.Line
	held *pb.MineResponse
}

// without forgets what lies on this computer already.
func (r *remote) without(here []rights.Sealed) {
	have := map[string]bool{}
	for _, b := range here {
		have[string(b.Batch[:])] = true
	}
	r.held.Boxes = slices.DeleteFunc(r.held.Boxes, func(h *pb.Holding) bool { return have[string(h.GetBatch())] })
}

// fetch gives each box to take. Boxes that do not come are an error, once the others are there.
func (r *remote) fetch(take func(rights.Sealed) error) error {
	want := map[string]*pb.Holding{}
	var ids [][]byte
	for _, h := range r.held.GetBoxes() {
		want[string(h.GetBatch())] = h
		ids = append(ids, h.GetBatch())
	}
	err := r.line.Fetch(r.ctx, ids, func(res *pb.FetchResponse) error {
		head, err := envelope.PeekHeader(res.GetBox())
		h := want[string(head.Batch[:])]
		if err != nil || h == nil || len(res.GetSigningKey()) != ed25519.PublicKeySize {
			return nil // not what was asked for
		}
		delete(want, string(head.Batch[:]))
		return take(rights.Sealed{Name: hex.EncodeToString(h.GetBatch()), State: "at the collector", Batch: head.Batch, Sequence: h.GetSequence(),
			Device: res.GetSigningKey(), Raw: func() ([]byte, error) { return res.GetBox(), nil }})
	})
	if err == nil && len(want) > 0 {
		err = fmt.Errorf("the collector lists %d boxes of yours that it does not give back; try again, and ask byleave verify", len(want))
	}
	return err
}

// heldPapers is what was signed of the person, as the collector has it.
func heldPapers(held *pb.MineResponse) (out []rights.Paper) {
	for _, s := range held.GetConsents() {
		b := tlog.Signed(s)
		out = append(out, rights.Paper{Path: "consents/" + digestName(b) + ".stub", Body: b})
	}
	for _, s := range held.GetErasures() {
		b := tlog.Signed(s)
		out = append(out, rights.Paper{Path: "records/erasure-" + digestName(b) + ".record", Body: b})
	}
	return out
}

func (m *mine) export(cmd *cobra.Command, far *remote, dir string) (rights.Manifest, error) {
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
	if far != nil {
		far.without(boxes)
		papers = append(papers, heldPapers(far.held)...)
	}
	return writeOut(cmd, m.read, boxes, far, papers, dir)
}

// writeOut draws a bar where somebody watches.
func writeOut(cmd *cobra.Command, read rights.Reader, boxes []rights.Sealed, far *remote, papers []rights.Paper, dir string) (rights.Manifest, error) {
	var fetch func(func(rights.Sealed) error) error
	count := len(boxes)
	if far != nil {
		fetch, count = far.fetch, count+len(far.held.GetBoxes())
	}
	bar := progressbar.NewOptions(count, progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription("boxes"),
		progressbar.OptionShowCount(), progressbar.OptionSetVisibility(ask.IsTerminal(os.Stderr)), progressbar.OptionThrottle(100*time.Millisecond))
	man, err := read.Export(dir, boxes, fetch, papers, func() { _ = bar.Add(1) }) // a bar that cannot be drawn stops nothing
	if err == nil && ask.IsTerminal(os.Stderr) {
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
