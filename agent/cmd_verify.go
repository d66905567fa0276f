package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/agent/internal/verify"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

func verifyCommand() *cobra.Command {
	var receipt, with string
	var asJSON, onlyReads bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check consents, boxes, erasures and reads against the public ledger, with your own records alone",
		Long: "Takes what is on this computer and checks it against the collector's public ledger: whether the ledger only grew since you looked\n" +
			"last, whether each consent, withdrawal, box and erasure stands in it, whether boxes were withheld, whether what was erased is\n" +
			"still there, and which exports took boxes of yours. It needs no passphrase and opens nothing. What does not fit is said in a\n" +
			"sentence each, and the exit code is 1.\n" +
			"--with compares with what somebody else was shown: a copy of the file ledger.seen in their Byleave folder, which is no secret.\n" +
			"--receipt works from any machine: there only what the collector itself lists is checked, because your records are elsewhere.",
		Example: "  byleave verify\n  byleave verify --reads --json\n  byleave verify --receipt 'byleave://…'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if onlyReads && receipt != "" {
				return misuse{errors.New("--reads goes by this computer's certificate, not by a receipt")}
			}
			ask := func() (verify.Report, error) { return verifyAll(cmd, receipt, with) }
			if onlyReads {
				ask = func() (verify.Report, error) { return verifyReads(cmd.Context()) }
			}
			rep, err := ask()
			if err != nil {
				return err
			}
			if asJSON {
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(rep); err != nil {
					return fmt.Errorf("write the answer: %w", err)
				}
			} else {
				printReport(cmd.OutOrStdout(), rep)
			}
			if n := len(rep.Wrong); n > 0 {
				return fmt.Errorf("what does not fit: %s, see above", policy.Count(n, "thing"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&receipt, "receipt", "", "verify with a receipt alone, from any machine; - reads it from standard input")
	cmd.Flags().StringVar(&with, "with", "", "a copy of another person's ledger.seen")
	cmd.Flags().BoolVar(&onlyReads, "reads", false, "only which exports took boxes of yours")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func verifyAll(cmd *cobra.Command, receipt, with string) (rep verify.Report, err error) {
	if receipt != "" {
		given, err := ask.Bearer(cmd.Context(), receipt, receiptAsked, cmd.InOrStdin(), cmd.ErrOrStderr())
		if err != nil {
			return rep, err
		}
		r, err := erasure.ParseReceipt(given)
		if err != nil {
			return rep, misuse{err}
		}
		line, err := upload.OpenByReceipt(r)
		if err != nil {
			return rep, err
		}
		defer func() { err = errors.Join(err, line.Close()) }()
		records := verify.Records{Secret: tlog.SecretOf(r.Code), Ledger: r.Ledger}
		if records.Peer, err = peerOf(with, r.Ledger); err != nil {
			return rep, err
		}
		rep, _, _, err = runCheck(cmd, records, line)
		return rep, err
	}
	keys, id, err := openKeys()
	if err != nil {
		return rep, err
	}
	records, err := recordsOf(keys, id)
	if err != nil {
		return rep, err
	}
	if records.Peer, err = peerOf(with, id.Ledger); err != nil {
		return rep, err
	}
	line, err := upload.Open(id)
	if err != nil {
		return rep, err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	rep, seen, key, err := runCheck(cmd, records, line)
	if err != nil {
		return rep, err
	}
	if len(rep.Evidence) > 0 {
		return rep, saveEvidence(keys, rep.Evidence)
	}
	if key == nil {
		return rep, nil
	}
	err = keys.SaveSeen(seen.Signed(), key)
	if err == nil && rep.OK {
		listed := make([]keystore.Listed, len(rep.Listed))
		for i, b := range rep.Listed {
			listed[i] = keystore.Listed{Batch: b.Batch, Hour: b.Hour}
		}
		err = keys.SaveListed(time.Now(), listed)
	}
	return rep, err
}

// peerOf reads what somebody else was shown of the same ledger; the zero Checkpoint without a file.
func peerOf(file string, ledger [32]byte) (tlog.Checkpoint, error) {
	if file == "" {
		return tlog.Checkpoint{}, nil
	}
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("read what the other person saw: %w", err)
	}
	signed, key, err := keystore.ParseSeen(b)
	if err != nil {
		return tlog.Checkpoint{}, err
	}
	at, err := tlog.Parse(signed, key, ledger)
	if err != nil {
		return at, fmt.Errorf("what the other person saw is of another ledger than yours: %w", err)
	}
	return at, nil
}

// runCheck draws a bar where somebody watches.
func runCheck(cmd *cobra.Command, r verify.Records, line *upload.Line) (verify.Report, tlog.Checkpoint, []byte, error) {
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription("proofs"),
		progressbar.OptionShowCount(), progressbar.OptionSetVisibility(ask.IsTerminal(os.Stderr)), progressbar.OptionThrottle(100*time.Millisecond))
	rep, seen, key, err := verify.Run(cmd.Context(), r, line, time.Now(), func(done, of int) {
		bar.ChangeMax(of)
		_ = bar.Set(done) // a bar that cannot be drawn stops nothing
	})
	if err == nil && ask.IsTerminal(os.Stderr) {
		fmt.Fprintln(cmd.ErrOrStderr())
	}
	return rep, seen, key, err
}

// recordsOf is what this computer knows by itself.
func recordsOf(keys *keystore.Store, id keystore.Identity) (r verify.Records, err error) {
	code, err := keys.ErasureCode()
	if err != nil {
		return r, err
	}
	r = verify.Records{Secret: tlog.SecretOf(code), Ledger: id.Ledger, Device: id.Device[:]}
	signed, key, err := keys.Seen()
	if err != nil {
		return r, err
	}
	if signed != nil {
		if r.Seen, err = tlog.Parse(signed, key, id.Ledger); err != nil {
			return r, fmt.Errorf("what was seen of the ledger before: %w", err)
		}
	}
	told, err := keys.Told()
	if err != nil {
		return r, err
	}
	for _, t := range told {
		var s pb.Signed
		if err := proto.Unmarshal(t.Stub, &s); err != nil {
			return r, errors.New("a stored consent stub is damaged")
		}
		r.Consents = append(r.Consents, verify.Paper{Signed: &s, At: t.At})
	}
	files, err := keys.ErasureRecords()
	if err != nil {
		return r, err
	}
	for _, b := range files {
		var res pb.EraseResponse
		if err := proto.Unmarshal(b, &res); err != nil {
			return r, erasure.ErrRecord
		}
		r.Erasures = append(r.Erasures, &res)
	}
	at, listed, err := keys.Listed()
	if err != nil {
		return r, err
	}
	for _, b := range listed {
		r.Listed = append(r.Listed, verify.Box{Batch: b.Batch, At: at, Hour: b.Hour})
	}
	if r.Kept, err = keptFor(keys, id); err != nil {
		return r, err
	}
	r.Boxes, err = sentBoxes(id)
	return r, err
}

// keptFor is the shortest time for which a policy that the person agreed to lets boxes be kept; 0 if they agreed to none.
func keptFor(keys *keystore.Store, id keystore.Identity) (kept time.Duration, err error) {
	given, err := keys.Consents()
	if err != nil {
		return 0, err
	}
	for _, g := range given {
		p, err := policy.Parse(g.Policy, id.PolicyKey)
		if err != nil {
			continue // of another collector
		}
		if days := time.Duration(p.Message().GetRetentionDays()) * 24 * time.Hour; kept == 0 || days < kept {
			kept = days
		}
	}
	return kept, nil
}

// sentBoxes is the copies of this device's boxes that the collector acknowledged.
func sentBoxes(id keystore.Identity) (out []verify.Box, err error) {
	home, err := homeDir()
	if err != nil {
		return nil, err
	}
	found, err := spool.NewLooker(spool.OS(), filepath.Join(home, "spool")).Look()
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if f.Place != spool.Copy {
			continue
		}
		head, err := f.Head()
		if errors.Is(err, os.ErrNotExist) {
			continue // forgotten meanwhile
		}
		if err != nil {
			return nil, err
		}
		h, err := envelope.PeekHeader(head)
		if err != nil || h.Batch != f.Batch || h.Device != id.Device || len(head) < envelope.HeaderSize {
			continue // damaged, or of an earlier enrolment: not what this collector acknowledged
		}
		out = append(out, verify.Box{Batch: f.Batch, Sequence: f.Sequence, Digest: sha256.Sum256(head[:envelope.HeaderSize]), At: f.At})
	}
	return out, nil
}

// readsOf is which exports took boxes of this person, each proved in the public ledger. It asks the collector. wrong says what does not fit.
func readsOf(ctx context.Context, keys *keystore.Store, id keystore.Identity) (reads []verify.Read, wrong []string, err error) {
	r, err := recordsOf(keys, id)
	if err != nil {
		return nil, nil, err
	}
	line, err := upload.Open(id)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	return verify.Reads(ctx, r, line)
}

// verifyReads is a report of the reads alone.
func verifyReads(ctx context.Context) (rep verify.Report, err error) {
	keys, id, err := openKeys()
	if err != nil {
		return rep, err
	}
	rep.Reads, rep.Wrong, err = readsOf(ctx, keys, id)
	rep.OK = err == nil && len(rep.Wrong) == 0
	return rep, err
}

// saveEvidence keeps two signed checkpoints that contradict each other among the person's receipts: they prove what was done, to anybody.
func saveEvidence(keys *keystore.Store, notes []string) error {
	body, err := json.MarshalIndent(map[string]any{"kind": "ledger evidence", "checkpoints": notes}, "", "  ")
	if err != nil {
		return fmt.Errorf("keep the evidence: %w", err)
	}
	text := "Two checkpoints that the key of one ledger signed, and that contradict each other. Keep both.\n\n" + strings.Join(notes, "\n")
	return keys.SaveReceipt(time.Now().UTC().Format("2006-01-02T150405Z-")+"ledger-evidence", body, []byte(text))
}

func printReport(w io.Writer, r verify.Report) {
	for _, list := range []struct {
		mark  string
		lines []string
	}{{"WRONG ", r.Wrong}, {"ok    ", r.Proved}, {"waits ", r.Waiting}} {
		for _, line := range list.lines {
			fmt.Fprintln(w, list.mark+line)
		}
	}
	for _, read := range r.Reads {
		words := read.Words
		if !read.Proved {
			words = "An export " + read.Export + " that the ledger does not know."
		}
		fmt.Fprintf(w, "read  %s Of yours and not erased since, says the collector: %s.\n", words, policy.Count(read.Boxes, "box"))
	}
	if r.Others > 0 {
		fmt.Fprintf(w, "note  The ledger holds %s; of yours, the collector says, they took nothing.\n", policy.Count(r.Others, "other export"))
	}
	for _, line := range r.Notes {
		fmt.Fprintln(w, "note  "+line)
	}
	if len(r.Evidence) > 0 {
		fmt.Fprintln(w, "The two checkpoints that contradict each other were put among your receipts: they prove it to anybody.")
	}
	if r.OK {
		fmt.Fprintln(w, "Everything fits.")
	}
}
