package main

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

// forgotten is what the agent answers.
type forgotten struct {
	Destroyed    int       `json:"destroyed"`
	From         time.Time `json:"from,omitzero"`
	Until        time.Time `json:"until,omitzero"`
	Requested    int       `json:"requested"`
	All          bool      `json:"all,omitempty"`
	Acknowledged bool      `json:"acknowledged"`
	Record       string    `json:"record,omitempty"`
}

type forgetFlags struct {
	last                 time.Duration
	since, until         string
	all, records, asJSON bool
	receipt, secret      string
	app                  string
	boxes                []string
}

func forgetCommand() *cobra.Command {
	var f forgetFlags
	cmd := &cobra.Command{
		Use:   "forget",
		Short: "Destroy what was recorded of a time, or all of it, here and at the collector",
		Long: "Destroys what was recorded of a time: on this computer at once, and at the collector, which answers with a signed record.\n" +
			"If the collector cannot be reached it is asked until it answers. A box holds up to a minute and is destroyed whole.\n" +
			"Out of reach stay: what a custodian was given before, finished exports, models that were trained, and copies that a dishonest\n" +
			"host kept. Copies of yours that are older than 30 days are no longer here, so their boxes are erased by --all only.\n" +
			"--app opens what is here with your own key: in boxes that have not left, the actions and pictures of that application go and the\n" +
			"rest stays; of what was sent the whole box goes. --batch destroys one box whole, as the review page and export-mine name it.\n" +
			"--receipt works from any machine without anything else of yours: it erases everything.",
		Example: "  byleave forget --last 10m\n  byleave forget --since 14:00 --until 14:30\n  byleave forget --all\n  byleave forget --app editor\n  byleave forget --batch 5f1c22\n" +
			"  byleave forget --records\n  byleave forget --receipt 'byleave://…'",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.receipt != "" {
				return forgetByReceipt(cmd, f)
			}
			if f.records {
				return printRecords(cmd)
			}
			if f.app != "" || len(f.boxes) > 0 {
				return forgetSome(cmd, f)
			}
			what, err := f.what(time.Now())
			if err != nil {
				return err
			}
			if what.All {
				if err := newKeyForAll(cmd, f.secret); err != nil {
					return err
				}
			}
			return forget(cmd, what, f.asJSON)
		},
	}
	cmd.Flags().DurationVar(&f.last, "last", 0, "forget this long until now, for example 10m")
	cmd.Flags().StringVar(&f.since, "since", "", "from when: 14:00 today, or 2006-01-02T15:04")
	cmd.Flags().StringVar(&f.until, "until", "", "until when; without it, now")
	cmd.Flags().BoolVar(&f.all, "all", false, "forget everything; asks for a typed yes and makes a new key of yours")
	cmd.Flags().StringVar(&f.receipt, "receipt", "", "erase everything with a receipt alone, from any machine; - reads it from standard input")
	cmd.Flags().StringVar(&f.app, "app", "", "forget an application, by its name or id; asks for your passphrase")
	cmd.Flags().StringSliceVar(&f.boxes, "batch", nil, "forget one box, by the beginning of its id; may be given again")
	cmd.Flags().StringVar(&f.secret, "passphrase-file", "", "read your passphrase from this file; with --all: the new key's")
	cmd.Flags().BoolVar(&f.records, "records", false, "print what the collector signed of earlier erasures, checked again")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return cmd
}

// what reads the flags: exactly one way to say what to forget.
func (f forgetFlags) what(now time.Time) (flow.Forget, error) {
	ways := 0
	for _, given := range []bool{f.last != 0, f.since != "", f.all} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1 || f.until != "" && f.since == "":
		return flow.Forget{}, misuse{errors.New("say what to forget with one of --last, --since (and --until), --app, --batch, or --all")}
	case f.all:
		return flow.Forget{All: true}, nil
	case f.last < 0:
		return flow.Forget{}, misuse{errors.New("--last is a duration such as 10m or 2h")}
	case f.last > 0:
		return flow.Forget{Last: f.last.String()}, nil
	}
	from, err := readTime(f.since, now)
	if err != nil {
		return flow.Forget{}, err
	}
	out := flow.Forget{From: from}
	if f.until != "" {
		if out.Until, err = readTime(f.until, now); err != nil {
			return flow.Forget{}, err
		}
		if !out.Until.After(from) {
			return flow.Forget{}, misuse{errors.New("--until lies before --since")}
		}
	}
	return out, nil
}

func readTime(text string, now time.Time) (time.Time, error) {
	if t, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		return time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, now.Location()), nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, misuse{errors.New("a time is written 14:00 (today) or 2006-01-02T15:04")}
}

// newKeyForAll asks for a typed yes and replaces the person's key, so that no copy of what was sealed to the old one opens with what
// this computer keeps.
func newKeyForAll(cmd *cobra.Command, secretFile string) error {
	if !ask.IsTerminal(os.Stdin) {
		return misuse{errors.New("everything is forgotten by a person at a terminal; standard input is none")}
	}
	if err := call(cmd, "status", nil, nil); err != nil { // before anything is changed
		return err
	}
	keys, _, err := openKeys()
	if err != nil {
		return err
	}
	fmt.Fprint(cmd.OutOrStdout(), "This destroys everything that was recorded of you, here and at the collector, and cannot be undone.\n"+
		"Your own key is replaced too; your old recovery code opens nothing more.\nType yes to go on: ")
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) || !strings.EqualFold(strings.TrimSpace(line), "yes") {
		return errors.New("nothing was forgotten")
	}
	passphrase, err := readPassphrase(cmd.Context(), cmd.OutOrStdout(), secretFile)
	if err != nil {
		return err
	}
	recovery, err := newPersonKey(keys, passphrase)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Your new recovery code, shown only now. Write it down and destroy the old one:\n\n  %s\n\n", recovery)
	return poke(cmd, "reload")
}

// newPersonKey replaces the person's key and returns the recovery code of the new one.
func newPersonKey(keys *keystore.Store, passphrase []byte) (recovery string, err error) {
	_, sealed, recovery, err := keystore.NewPersonKey(passphrase)
	if err != nil {
		return "", err
	}
	return recovery, keys.ReplacePersonKey(sealed)
}

// forget asks the agent to destroy what is named, and says what it did.
func forget(cmd *cobra.Command, what flow.Forget, asJSON bool) error {
	var done forgotten
	if err := call(cmd, "forget", what, &done); err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(done)
	}
	printForgotten(cmd.OutOrStdout(), done)
	return nil
}

func printForgotten(w io.Writer, done forgotten) {
	fmt.Fprintf(w, "Destroyed on this computer: %s", policy.Count(done.Destroyed, "box"))
	if !done.From.IsZero() && !done.All {
		fmt.Fprintf(w, ", of %s to %s", done.From.Local().Format("2 Jan 15:04:05"), done.Until.Local().Format("15:04:05"))
	}
	fmt.Fprintln(w, ".")
	switch {
	case done.Acknowledged:
		fmt.Fprintln(w, done.Record)
	case done.Requested > 0 || done.All:
		fmt.Fprintln(w, "The collector has not answered yet; it is asked until it does. `byleave status` says whether it has.")
	default:
		fmt.Fprintln(w, "Nothing of that time had left this computer.")
	}
	if done.All {
		fmt.Fprintln(w, "What remains: boxes that a custodian was given before, finished exports, and copies that a dishonest host kept.")
	}
}

// receiptAsked asks for a receipt that is not in the command.
const receiptAsked = "Your receipt: "

func forgetByReceipt(cmd *cobra.Command, f forgetFlags) error {
	if f.all || f.last != 0 || f.since != "" || f.until != "" {
		return misuse{errors.New("a receipt erases everything; it takes no other flag")}
	}
	line, err := ask.Bearer(cmd.Context(), f.receipt, receiptAsked, cmd.InOrStdin(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	r, err := erasure.ParseReceipt(line)
	if err != nil {
		return err
	}
	m, err := erasure.Ask(cmd.Context(), r)
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), erasure.Sentence(m))
	return nil
}

// printRecords prints the signed records that lie on this computer, oldest first; one that does not verify is said to be none.
func printRecords(cmd *cobra.Command) error {
	keys, id, err := openKeys()
	if err != nil {
		return err
	}
	records, err := signedErasures(keys, id)
	if err != nil {
		return err
	}
	for _, m := range records {
		fmt.Fprintln(cmd.OutOrStdout(), erasure.Sentence(m))
	}
	if len(records) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "The collector has signed no erasure for this computer.")
	}
	return nil
}

// signedErasures are the records on this computer, oldest first. One that does not verify is an error.
func signedErasures(keys *keystore.Store, id keystore.Identity) ([]*pb.ErasureRecord, error) {
	files, err := keys.ErasureRecords()
	if err != nil {
		return nil, err
	}
	var records []*pb.ErasureRecord
	for name, b := range files {
		var res pb.EraseResponse
		if err := proto.Unmarshal(b, &res); err != nil {
			return nil, fmt.Errorf("erasure-%x.record: %w", name, erasure.ErrRecord)
		}
		m, err := erasure.Verify(&res, id.Ledger, name[:])
		if err != nil {
			return nil, fmt.Errorf("erasure-%x.record: %w", name, err)
		}
		records = append(records, m)
	}
	slices.SortFunc(records, func(a, b *pb.ErasureRecord) int { return cmp.Compare(a.GetDestroyedAt(), b.GetDestroyedAt()) })
	return records, nil
}

// openKeys opens the key store of an enrolled device.
func openKeys() (*keystore.Store, keystore.Identity, error) {
	home, err := homeDir()
	if err != nil {
		return nil, keystore.Identity{}, err
	}
	keys, err := keystore.Open(home)
	if err != nil {
		return nil, keystore.Identity{}, err
	}
	id, err := keys.Identity()
	return keys, id, err
}

func receiptCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "receipt",
		Short: "Print the receipt that erases everything of yours from any machine; keep it, and keep it secret",
		Long: "Prints one line. With it alone, and with nothing else of yours, everything that the collector holds of you can be erased:\n" +
			"byleave forget --receipt LINE. It counts once the agent has checked in with the collector. Whoever has it can erase, and read nothing.",
		Example: "  byleave receipt",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, id, err := openKeys()
			if err != nil {
				return err
			}
			secret, err := keys.ErasureCode()
			if err != nil {
				return err
			}
			r := erasure.Receipt{Collector: id.Collector, CA: sha256.Sum256(id.CA.Raw), Ledger: id.Ledger, Code: secret}
			fmt.Fprintln(cmd.OutOrStdout(), r)
			return nil
		},
	}
}
