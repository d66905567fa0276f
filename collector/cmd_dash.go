package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/dash"
	"github.com/byleave/byleave/proto/bundle"
	"github.com/byleave/byleave/proto/page"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/spf13/cobra"
)

func dashCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dash",
		Short: "Open a page with how the collector is, what is asked, the days that have ended, and what was released",
		Long: "Serves a page on this computer to you alone, while this command runs, and prints its address, which works once. The page shows what stats,\n" +
			"doctor, policy check and ledger show say, under the same floors, and changes nothing. It ends with ctrl+c, or after fifteen minutes\n" +
			"without use. To look from another computer, let ssh carry a port that you choose.",
		Example: "  byleave-collector dash --dir /srv/byleave\n" +
			"  ssh -t -L 7480:127.0.0.1:7480 collector.example.org byleave-collector dash --dir /srv/byleave --port 7480",
		Args: cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	port := cmd.Flags().Uint16("port", 0, "the port of the page on the loopback address; 0 takes a free one")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		h, err := openHome(*dir)
		if err != nil {
			return err
		}
		d := desk{home: h, now: time.Now}
		out := cmd.OutOrStdout()
		why, err := dash.Serve(cmd.Context(), dash.Options{Look: d.look, Port: *port, Users: askedBy(), Ready: func(address string) {
			fmt.Fprintf(out, "This address works once, for five minutes, in one browser:\n\n  %s\n\nOpen it in a browser on this computer. The page ends with ctrl+c.\n", address)
		}})
		if err != nil {
			return err
		}
		if why == page.Idle {
			fmt.Fprintln(out, "The page was not used for fifteen minutes and is closed.")
			return nil
		}
		fmt.Fprintln(out, "The page is closed.")
		return nil
	}
	return cmd
}

// askedBy is who typed the command, where sudo says so: a collector has an account of its own, in which nobody has a browser.
func askedBy() []int {
	uid, err := strconv.Atoi(os.Getenv("SUDO_UID"))
	if err != nil {
		return nil
	}
	return []int{uid}
}

// desk fills the page, by the calls of the other commands.
type desk struct {
	home home
	now  func() time.Time

	mu   sync.Mutex
	read readings
}

// readings are what was read of the ledger, up to a checkpoint. As long as it is the same, so are they.
type readings struct {
	checkpoint []byte
	reads      []dash.Read
}

// look asks everything anew.
func (d *desk) look(ctx context.Context) dash.View {
	v := dash.View{Dir: string(d.home), Version: bundle.Version(), Now: d.now()}
	d.state(ctx, &v)
	d.asked(&v)
	d.days(ctx, &v)
	d.ledger(ctx, &v)
	return v
}

func (d *desk) state(ctx context.Context, v *dash.View) {
	_, alive := askHealth(ctx, d.home, "/healthy")
	v.Running = !errors.Is(alive, errNotRunning)
	if v.Running {
		_, ready := askHealth(ctx, d.home, "/ready")
		v.Healthy, v.Ready = words(alive), words(ready)
	}
	found, _ := checkAll(ctx, d.home, quickChecks)
	for _, f := range found {
		c := dash.Check{What: f.What, OK: f.OK, Warn: f.Warn, Says: f.Says}
		if !f.OK {
			c.Remedy = remedies[f.What]
		}
		v.Checks = append(v.Checks, c)
	}
	if a, err := ca.Load(string(d.home), d.now); err == nil { // the check says why not
		v.Ends = a.Certificate().NotAfter
	}
}

// remedies are what to do about a check that failed, where its own words do not say it.
var remedies = map[string]string{
	"ca":     "Put ca.key and ca.crt back from a backup: devices know no other authority.",
	"vault":  "Put vault.key back from where you keep it apart: without it no box opens for a custodian.",
	"ledger": "ledger verify says where it is broken. Never put an older ledger back: people and custodians see that the past changed.",
	"policy": "Write and sign a policy, and set it: see What is asked.",
	"limits": "Mend that line, then reload with kill -HUP: until then the limits from before count.",
	"cloud":  "Mend cloud.json: docs/operating.md names its fields.",
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (d *desk) asked(v *dash.View) {
	p, err := d.home.published()
	if v.Policy = p; err != nil && !errors.Is(err, errNoPolicy) {
		v.PolicyTrouble = err.Error()
	}
}

// days are as stats tells them. Whatever is too little to be told does not come here.
func (d *desk) days(ctx context.Context, v *dash.View) {
	err := withOperator(string(d.home), func(c pb.OperatorClient) error {
		s, err := c.Stats(ctx, &pb.StatsRequest{})
		for _, day := range s.GetDays() {
			v.Days = append(v.Days, dash.Day{Day: time.Unix(day.GetDay(), 0).UTC(), People: day.GetPeople(), Boxes: day.GetBoxes(), MiB: day.GetBytes() >> 20})
		}
		return err
	})
	v.DaysTrouble = words(err)
	if err == nil && !v.Running { // it runs, and could not open its other socket
		v.Running, v.Healthy = true, "not known: "+healthName+" does not answer; see the log"
	}
}

func (d *desk) ledger(ctx context.Context, v *dash.View) {
	reads, leaves, err := d.reads(ctx)
	switch {
	case errors.Is(err, errNoLedger):
		v.Ledger.Missing = true
	case err != nil:
		v.Ledger.Trouble = err.Error()
	default:
		v.Ledger.Reads, v.Ledger.Leaves = reads, leaves
	}
}

// reads are the releases that stand in the ledger. All of it is read and proven when its checkpoint is a new one.
func (d *desk) reads(ctx context.Context) ([]dash.Read, uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	src, at, err := d.home.checkpoint(ctx)
	if err != nil || bytes.Equal(at.Signed(), d.read.checkpoint) {
		return d.read.reads, at.Size, err
	}
	exports, err := walkLedger(ctx, src, at, func() {})
	if err != nil {
		return nil, 0, err
	}
	d.read = readings{checkpoint: at.Signed()}
	for _, e := range exports {
		d.read.reads = append(d.read.reads, readOf(e.Release))
	}
	return d.read.reads, at.Size, nil
}

func readOf(r tlog.Release) dash.Read {
	return dash.Read{Hour: time.Unix(r.Hour, 0), Custodian: r.Custodian, Purpose: r.Purpose, Few: r.Few, Boxes: r.Boxes, MiB: r.Bytes >> 20, Window: r.Window()}
}
