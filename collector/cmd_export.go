package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/export"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/ask"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
)

type exportOptions struct {
	purpose, since, until, format, out string
	keys, apps                         []string
	yes, asJSON                        bool
}

func exportCommand() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Open what was consented, on the custodian's machine, and write trajectories",
		Long: "Shows purpose, count and window first, and asks. The collector writes the export down before it releases a box; the boxes are\n" +
			"opened here, with the key file, which the collector never sees. People are pseudonyms that no other export shares; there are no times.\n\n" +
			"jsonl is a file of JSON lines a person, beside one file a picture. parquet and webdataset hold the pictures in the files of the steps, which\n" +
			"load_dataset and webdataset read as they are; while they are written the folder needs twice their room.\n\n" +
			"With --app only what was done in that application is written, by the name that it has in the policy. Which application a box is of is\n" +
			"sealed, so the collector releases them all, and its ledger says so.",
		Example: "  byleave-collector export --key key.json --purpose computer-use-training --out trajectories/\n" +
			"  byleave-collector export --key key.json --purpose computer-use-training --format parquet --out rows/\n" +
			"  byleave-collector export --key key.json --purpose computer-use-training --app editor --app files --out some/",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runExport(cmd, o) },
	}
	cmd.Flags().StringArrayVar(&o.keys, "key", nil, "the custodian's key file; where a policy names several custodians, give each, your own first")
	cmd.Flags().StringVar(&o.purpose, "purpose", "", "the purpose that people agreed to; boxes of another do not open")
	cmd.Flags().StringVar(&o.since, "since", "", "only what arrived on this day or later, as 2006-01-02 (UTC)")
	cmd.Flags().StringVar(&o.until, "until", "", "only what arrived before this day")
	cmd.Flags().StringArrayVar(&o.apps, "app", nil, "write only what was done in this application of the policy; give it again for another")
	cmd.Flags().StringVar(&o.format, "format", "jsonl", "jsonl, parquet or webdataset")
	cmd.Flags().StringVar(&o.out, "out", "", "an empty folder, or one in which the same export was cut off")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask; only for a purpose of the policy now")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print the manifest as JSON")
	for _, f := range []string{"key", "purpose", "out"} {
		if err := cmd.MarkFlagRequired(f); err != nil {
			panic("export: " + err.Error())
		}
	}
	return cmd
}

func runExport(cmd *cobra.Command, o exportOptions) (err error) {
	q := export.Query{Purpose: o.purpose, Format: export.Format(o.format)}
	if !slices.Contains(export.Formats, q.Format) {
		return misuse{errors.New("the format of an export is jsonl, parquet or webdataset")}
	}
	if i := slices.IndexFunc(o.apps, func(a string) bool { return !policy.IsID(a) }); i >= 0 {
		return misuse{fmt.Errorf("%q is no name of an application in a policy: 1 to 64 of a-z, 0-9 and '-'", o.apps[i])}
	}
	q.Applications = slices.Compact(slices.Sorted(slices.Values(o.apps)))
	if q.Since, err = day(o.since); err != nil {
		return err
	}
	if q.Until, err = day(o.until); err != nil {
		return err
	}
	var keys []export.Key
	for _, path := range o.keys {
		key, err := export.Load(path)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	client, err := export.Dial(export.SeenBeside(o.keys[0]), keys[0], keys[1:]...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	plan, err := client.Plan(cmd.Context(), q)
	if err != nil {
		return err
	}
	if ok, err := agree(cmd, o, q, plan); err != nil || !ok {
		return err
	}
	var d drawn
	m, err := client.Run(cmd.Context(), q, o.out, func(doing string, of int) { d.add(cmd, doing, of) })
	if err := errors.Join(err, d.end()); err != nil {
		return err
	}
	if o.asJSON {
		return printJSON(cmd.OutOrStdout(), m)
	}
	for _, app := range m.Applications {
		if m.Counts.Applications[app] == 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "Nothing was done in %s; applications are called by their id in the policy.\n", app)
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %s, %s of %s from %s.\n", o.out, policy.Count(m.Actions, "action"), policy.Count(m.Gaps, "gap"),
		policy.Count(m.Frames, "frame"), policy.Count(m.People, "person"), policy.Count(m.Boxes, "box"))
	for why, n := range m.Refused {
		fmt.Fprintf(cmd.OutOrStdout(), "Left out: %d, %s.\n", n, why)
	}
	return nil
}

// drawn is what a person at a terminal sees meanwhile: a bar for each thing that is done.
type drawn struct {
	doing string
	bar   *progressbar.ProgressBar
	err   error
}

func (d *drawn) add(cmd *cobra.Command, doing string, of int) {
	if d.doing != doing {
		d.err = d.end()
		d.doing = doing
		d.bar = progressbar.NewOptions(of, progressbar.OptionSetWriter(cmd.ErrOrStderr()), progressbar.OptionSetDescription(doing),
			progressbar.OptionShowCount(), progressbar.OptionSetVisibility(ask.IsTerminal(os.Stderr)), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetSpinnerChangeInterval(0)) // else it would go on drawing over the next
	}
	d.err = errors.Join(d.err, d.bar.Add(1))
}

// end leaves the line to what is said next.
func (d *drawn) end() error {
	if d.bar == nil {
		return d.err
	}
	return errors.Join(d.err, d.bar.Clear())
}

// agree shows what would be exported before anything is released.
func agree(cmd *cobra.Command, o exportOptions, q export.Query, plan export.Plan) (bool, error) {
	window := "everything that arrived"
	if o.since != "" || o.until != "" {
		window = strings.TrimSpace("what arrived from " + or(o.since, "the beginning") + " to " + or(o.until, "now"))
	}
	held := "no day that is over had boxes of ten people: how many there are is not told before they are released"
	if plan.Boxes > 0 {
		held = fmt.Sprintf("%d boxes or more, %d MiB or more", plan.Boxes, plan.Bytes>>20)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Purpose %s: %s\n%s; %s. What was withdrawn, or sealed to others than you, is not among it.\n", o.purpose,
		or(plan.Purpose, "not in the policy now"), held, window)
	if len(q.Applications) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "Only what was done in %s is written; all of it is released, and the ledger says so.\n", strings.Join(q.Applications, ", "))
	}
	if o.yes && plan.Purpose == "" { // a slip of the hand would stand in the public ledger for ever
		return false, fmt.Errorf("no policy now asks for the purpose %s, so --yes does not agree to it: correct the name, or leave --yes out and be asked", o.purpose)
	}
	if o.yes {
		return true, nil
	}
	fmt.Fprint(cmd.ErrOrStderr(), "Type yes to export: ")
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && line == "" {
		return false, errors.New("nobody answered; nothing was released")
	}
	if strings.TrimSpace(line) != "yes" {
		return false, errors.New("nothing was released")
	}
	return true, nil
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func day(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, misuse{errors.New("a day is written 2006-01-02")}
	}
	return t, nil
}
