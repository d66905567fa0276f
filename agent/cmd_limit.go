package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/review"
	"github.com/byleave/byleave/policy"
	"github.com/spf13/cobra"
)

// leastBudget is the smallest daily budget that lets every box through: the largest box is just above 512 KiB.
const leastBudget = 1_000_000

// leastRate lets the largest box through in a minute, and a withdrawal in a second.
const leastRate = 10_000

// leastQuota leaves room for one box that waits and one that is recorded.
const leastQuota = 4_000_000

func limitCommand() *cobra.Command {
	var reset bool
	cmd := &cobra.Command{
		Use:   "limit",
		Short: "Say how much, when and over which network boxes may leave, and how much stays here",
		Long: "Show or change your own limits. They are kept on this computer and nobody is told. A policy can only be tighter than\n" +
			"they are, never looser. What you do not name stays as it is. Withdrawals and erasures are never held back by a limit.\n" +
			"On a battery the agent gathers, below 30 % and on a metered network it waits, whatever you set.",
		Example: "  byleave limit\n  byleave limit --bytes-per-day 20MB --only-on \"Home Wi-Fi\" --hours 22:00-06:00 --mains-only\n" +
			"  byleave limit --keep 30d --keep-bytes 2GB --hold 1h\n  byleave limit --quota 1GB --when-full stop\n  byleave limit --reset",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeDir()
			if err != nil {
				return err
			}
			keys, err := keystore.Open(home)
			if err != nil {
				return err
			}
			var l keystore.Limits
			if !reset {
				if l, err = keys.Limits(); err != nil {
					return err
				}
			}
			if err := change(cmd, &l); err != nil {
				return misuse{err}
			}
			if cmd.Flags().NFlag() > 0 {
				if err := keys.SaveLimits(l); err != nil {
					return err
				}
				if err := call(cmd, "reload", nil, nil); err != nil && !errors.Is(err, control.ErrNotRunning) {
					return fmt.Errorf("your limits are stored, but the running agent did not take them; restart it: %w", err)
				}
			}
			printLimits(cmd.OutOrStdout(), l, "as the agent was started with (1h unless you said otherwise)")
			return nil
		},
	}
	f := cmd.Flags()
	f.String("bytes-per-day", "", "at most so much leaves a day, such as 20MB; policy: as the policy says")
	f.String("rate", "", "at most so much leaves a second, such as 100kB; any: as fast as the line is")
	f.String("only-on", "", "send only on the network of this name, as your settings show it; any: on every one")
	f.String("hours", "", "send only in this part of the day, such as 22:00-06:00; any: at any time")
	f.Bool("mains-only", false, "send only on mains")
	f.String("hold", "", "how long a box stays here before it may leave: 0s to 168h; start: as the agent was started with")
	f.String("keep", "", "how long your copies of what was sent stay, such as 30d")
	f.String("keep-bytes", "", "how much they may take, such as 2GB")
	f.String("quota", "", "how much all boxes here may take, such as 4GB")
	f.String("when-full", "", "stop: stop recording; drop-oldest: destroy the oldest unsent boxes, and count them")
	f.BoolVar(&reset, "reset", false, "begin with the usual limits")
	return cmd
}

// change applies the flags that the person gave.
func change(cmd *cobra.Command, l *keystore.Limits) error {
	for name, set := range map[string]func(string) error{
		"bytes-per-day": func(s string) (err error) { l.BytesPerDay, err = bytesOr(s, "policy", leastBudget); return err },
		"rate":          func(s string) (err error) { l.Rate, err = bytesOr(s, "any", leastRate); return err },
		"only-on":       func(s string) error { return named(s, &l.OnlyOn) },
		"hours":         func(s string) (err error) { l.Hours, err = parseSpan(s); return err },
		"mains-only":    func(s string) error { l.MainsOnly = s == "true"; return nil },
		"hold":          func(s string) (err error) { l.Hold, err = parseHold(s); return err },
		"keep":          func(s string) (err error) { l.KeepDays, err = parseDays(s); return err },
		"keep-bytes":    func(s string) (err error) { l.KeepBytes, err = bytesOr(s, "", 1); return err },
		"quota":         func(s string) (err error) { l.Quota, err = bytesOr(s, "", leastQuota); return err },
		"when-full":     func(s string) (err error) { l.DropOldest, err = parseFull(s); return err },
	} {
		flag := cmd.Flags().Lookup(name)
		if !flag.Changed {
			continue
		}
		if err := set(flag.Value.String()); err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
	}
	return nil
}

// named takes the name of a network; the word any means every one.
func named(s string, to *string) error {
	*to = s
	switch s {
	case "":
		return errors.New("name a network, or any")
	case "any":
		*to = ""
	}
	return nil
}

// bytesOr reads a size; the word none means no limit.
func bytesOr(s, none string, least int64) (int64, error) {
	if none != "" && s == none {
		return 0, nil
	}
	n, err := parseBytes(s)
	if err != nil {
		return 0, err
	}
	if n < least {
		return 0, fmt.Errorf("at least %gMB, else nothing fits", float64(least)/1e6)
	}
	return n, nil
}

// units are the sizes that a person may name.
var units = []struct {
	word  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

func parseBytes(s string) (int64, error) {
	for _, u := range units {
		number, ok := strings.CutSuffix(s, u.word)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || n < 0 || math.IsNaN(n) || n*u.bytes > 1e15 {
			break
		}
		return int64(n * u.bytes), nil
	}
	return 0, errors.New("a size is a number and kB, MB or GB, such as 20MB")
}

// parseSpan reads 22:00-06:00; the word any means at any time.
func parseSpan(s string) (*keystore.Hours, error) {
	if s == "any" {
		return nil, nil
	}
	from, until, ok := strings.Cut(s, "-")
	a, errA := time.Parse("15:04", from)
	b, errB := time.Parse("15:04", until)
	if !ok || errA != nil || errB != nil || a.Equal(b) {
		return nil, errors.New("hours are such as 22:00-06:00, or any")
	}
	return &keystore.Hours{From: a.Hour()*60 + a.Minute(), Until: b.Hour()*60 + b.Minute()}, nil
}

// parseHold reads a duration; the word start means as the agent was started.
func parseHold(s string) (*time.Duration, error) {
	if s == "start" {
		return nil, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > keystore.LongestHold {
		return nil, errors.New("a duration between 0s and 168h, such as 24h, or start")
	}
	return &d, nil
}

func parseDays(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(s, "d"))
	if err != nil || n < 1 || n > 36500 {
		return 0, errors.New("a number of days, such as 30d")
	}
	return n, nil
}

func parseFull(s string) (dropOldest bool, err error) {
	if s != "stop" && s != "drop-oldest" {
		return false, errors.New("stop or drop-oldest")
	}
	return s == "drop-oldest", nil
}

// printLimits says the limits in words.
func printLimits(w io.Writer, l keystore.Limits, started string) {
	for _, f := range limitFacts(l, started) {
		fmt.Fprintf(w, "%s: %s\n", f.Label, f.Text)
	}
}

// factsOf are the limits of a running agent, which knows how long it holds.
func factsOf(l keystore.Limits, held time.Duration) []review.Fact {
	return limitFacts(l, inHours(held))
}

// inHours is a duration without the parts that are zero.
func inHours(d time.Duration) string {
	s := d.String()
	if m, ok := strings.CutSuffix(s, "m0s"); ok {
		s = m + "m"
	}
	if h, ok := strings.CutSuffix(s, "h0m"); ok {
		s = h + "h"
	}
	return s
}

func limitFacts(l keystore.Limits, started string) []review.Fact {
	most := "what the policy says a day"
	if l.BytesPerDay > 0 {
		most = size(l.BytesPerDay) + " a day, or what the policy says if that is less"
	}
	if l.Rate > 0 {
		most += fmt.Sprintf("; %g kB a second", float64(l.Rate)/1e3)
	}
	when := "at any time"
	if h := l.Hours; h != nil {
		when = fmt.Sprintf("%02d:%02d-%02d:%02d", h.From/60, h.From%60, h.Until/60, h.Until%60)
	}
	if l.OnlyOn != "" {
		when += fmt.Sprintf(", on the network %q only", l.OnlyOn)
	}
	if l.MainsOnly {
		when += ", on mains only"
	}
	if l.Hold != nil {
		started = inHours(*l.Hold)
	}
	days, kept := l.Keep()
	full := "recording stops"
	if l.DropOldest {
		full = "the oldest unsent boxes are destroyed and counted"
	}
	return []review.Fact{
		{Label: "Leaves at most", Text: most}, {Label: "Leaves when", Text: when}, {Label: "Stays first", Text: started},
		{Label: "Your copies", Text: policy.Count(days, "day") + ", " + size(kept)},
		{Label: "All boxes here", Text: fmt.Sprintf("%s; when that is used up, the oldest copies of what was sent go first, then %s", size(l.Room()), full)},
	}
}

func size(n int64) string {
	if n >= 1e9 {
		return strconv.FormatFloat(float64(n)/1e9, 'f', 2, 64) + " GB"
	}
	if n < 1e6 {
		return strconv.FormatInt((n+999)/1000, 10) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}
