package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store/cloud"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/collector/internal/vault"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Check the collector's folder: modes, keys, policy, index, and the checksum of every box",
		Example: "  byleave-collector check --dir /srv/byleave",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse{fmt.Errorf("check looks at a whole folder, which --dir names, and takes no %q; a policy alone is checked by `byleave-collector policy check FILE`", args[0])}
			}
			return nil
		},
	}
	dir := dirFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print a JSON array")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		h, err := openHome(*dir)
		if err != nil {
			return err
		}
		findings, bad := checkAll(cmd.Context(), h, slices.Concat(quickChecks, []check{{"store", checkStore(cmd)}}))
		if *asJSON {
			if err := printJSON(cmd.OutOrStdout(), findings); err != nil {
				return err
			}
		} else {
			for _, f := range findings {
				fmt.Fprintf(cmd.OutOrStdout(), "%-4s %-8s %s\n", f.verdict(), f.What, f.Says)
			}
		}
		if bad > 0 {
			return fmt.Errorf("what failed: %d of %s", bad, policy.Count(len(findings), "check"))
		}
		return nil
	}
	return cmd
}

// finding is the result of one check. A warning is OK all the same.
type finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Warn bool   `json:"warn,omitempty"`
	Says string `json:"says"`
}

func (f finding) verdict() string {
	switch {
	case f.Warn:
		return "WARN"
	case f.OK:
		return "ok"
	}
	return "BAD"
}

// warning is what a check says of what works, and should not stay so.
type warning struct{ error }

// check looks at one thing and says how it is, or what is wrong with which file, or a warning.
type check struct {
	what string
	do   func(context.Context, home) (string, error)
}

// quickChecks need no more than a moment.
var quickChecks = []check{{"ca", checkCA}, {"vault", checkVault}, {"ledger", checkLedger}, {"policy", checkPolicy}, {"signing", checkSigning}, {"limits", checkLimits}, {"cloud", checkCloud}}

func checkAll(ctx context.Context, h home, checks []check) (out []finding, bad int) {
	for _, c := range checks {
		says, err := c.do(ctx, h)
		var warn warning
		f := finding{What: c.what, Warn: errors.As(err, &warn), Says: says}
		f.OK = err == nil || f.Warn
		if err != nil {
			f.Says = err.Error()
		}
		if !f.OK {
			bad++
		}
		out = append(out, f)
	}
	return out, bad
}

func checkCA(_ context.Context, h home) (string, error) {
	a, err := ca.Load(string(h), time.Now)
	if err != nil {
		return "", err
	}
	if end := a.Certificate().NotAfter; time.Now().After(end) {
		return "", errors.New("the authority's certificate has ended: make a new collector")
	}
	return "valid until " + a.Certificate().NotAfter.Format(time.DateOnly), nil
}

func checkVault(_ context.Context, h home) (string, error) {
	if _, err := vault.Load(string(h), nil); err != nil {
		return "", err
	}
	return "the key file is there", nil
}

func checkLedger(ctx context.Context, h home) (string, error) {
	key, err := ledger.PublicKey(string(h))
	if err != nil {
		return "", err
	}
	_, err = tlog.Fetch(ctx, ledger.NewFolder(string(h), key), sha256.Sum256(key), tlog.Checkpoint{})
	if errors.Is(err, fs.ErrNotExist) {
		return "the key is there; the ledger is made when the collector is started", nil
	}
	if err != nil {
		return "", err
	}
	return "its checkpoint is signed by the key that is there; `ledger verify` reads all of it", nil
}

// errNoPolicy is how a collector begins.
var errNoPolicy = errors.New("no policy is published: nobody can be asked for anything; see `byleave-collector policy --help`")

// published is the policy that lies in the folder, if it holds now.
func (h home) published() (policy.Policy, error) {
	pub, err := h.policyPublic()
	if err != nil {
		return policy.Policy{}, err
	}
	raw, err := os.ReadFile(h.path(policyName))
	if errors.Is(err, fs.ErrNotExist) {
		return policy.Policy{}, errNoPolicy
	}
	if err != nil {
		return policy.Policy{}, fmt.Errorf("%s: %w", policyName, err)
	}
	p, err := policy.Parse(raw, pub)
	if err == nil {
		err = policy.Newer(p, policy.Policy{}, time.Now())
	}
	if err != nil {
		return policy.Policy{}, fmt.Errorf("%s: %w", policyName, err)
	}
	return p, nil
}

func checkPolicy(_ context.Context, h home) (string, error) {
	p, err := h.published()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("version %d until %s", p.Version(), p.Expires().Format(time.DateOnly)), nil
}

// checkSigning looks whether the key lies here that init made to be taken away.
func checkSigning(_ context.Context, h home) (string, error) {
	switch _, err := os.Lstat(h.path(policyKeyName)); {
	case errors.Is(err, fs.ErrNotExist):
		return "the key that signs policies is offline", nil
	case err != nil:
		return "", fmt.Errorf("look for %s: %w", policyKeyName, errors.Unwrap(err))
	}
	return "", warning{fmt.Errorf("%s lies here: whoever gets into this computer can sign a policy that asks people for more; move it to a machine that is not this one, and sign there", policyKeyName)}
}

func checkLimits(_ context.Context, h home) (string, error) {
	l, err := h.limits()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d MiB in flight; a device's day: %d MiB, %s", l.MemoryMiB, l.DayMiB, policy.Count(l.DayBoxes, "box")), nil
}

func checkCloud(_ context.Context, h home) (string, error) {
	_, _, scaled, err := h.cloud()
	if err != nil {
		return "", err
	}
	if !scaled {
		return "this folder is the store", nil
	}
	return "one of many collectors over a database and a bucket", nil
}

// checkFits compares the vault's key with what lies in the folder's own store.
func checkFits(ctx context.Context, h home) (err error) {
	x, err := embed.OpenIndex(ctx, string(h))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	v, err := vault.Load(string(h), x)
	if err != nil {
		return err
	}
	return fits(ctx, v, x)
}

func checkStore(cmd *cobra.Command) func(context.Context, home) (string, error) {
	return func(ctx context.Context, h home) (string, error) {
		c, wrap, scaled, err := h.cloud()
		if err != nil {
			return "", err
		}
		var d drawn
		var damaged int
		if scaled {
			damaged, err = cloud.Check(ctx, c, wrap, func() { d.add(cmd, "packs looked at", -1) })
		} else {
			damaged, err = embed.Check(ctx, string(h), func() { d.add(cmd, "boxes looked at", -1) })
			err = errors.Join(err, checkFits(ctx, h))
		}
		if err := errors.Join(err, d.end()); err != nil {
			return "", err
		}
		if damaged > 0 {
			return "", fmt.Errorf("%s; the others are whole", unlike(damaged))
		}
		return "every box matches its checksum", nil
	}
}

func unlike(n int) string {
	if n == 1 {
		return "1 box does not match its checksum"
	}
	return fmt.Sprintf("%d boxes do not match their checksum", n)
}
