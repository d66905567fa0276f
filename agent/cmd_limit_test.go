package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
)

// limit runs the command in a folder of its own, without an agent.
func limit(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := limitCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// TestLimitIsKept: what is named changes, the rest stays, and what makes no sense changes nothing.
func TestLimitIsKept(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	t.Setenv("BYLEAVE_HOME", home)
	if _, err := limit(t, "--bytes-per-day", "20MB", "--rate", "100kB", "--only-on", "Home Wi-Fi", "--hours", "22:00-06:30", "--mains-only", "--hold", "2h"); err != nil {
		t.Fatal(err)
	}
	out, err := limit(t, "--keep", "7d", "--keep-bytes", "1.5GB", "--quota", "3GiB", "--when-full", "drop-oldest")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"20.0 MB a day", "; 100 kB a second", `22:00-06:30, on the network "Home Wi-Fi" only, on mains only`, "Stays first: 2h", "7 days, 1.50 GB", "3.22 GB", "destroyed and counted"} {
		if !strings.Contains(out, want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	for _, bad := range [][]string{
		{"--bytes-per-day", "20"}, {"--bytes-per-day", "1kB"}, {"--bytes-per-day", "-5MB"}, {"--bytes-per-day", "NaNMB"}, {"--hours", "22-6"},
		{"--hours", "10:00-10:00"}, {"--hold", "200h"}, {"--hold", "-1s"}, {"--keep", "0d"}, {"--keep", "week"}, {"--quota", "1MB"},
		{"--when-full", "shrug"}, {"--rate", "5kB"}, {"--rate", "fast"}, {"--only-on", ""}, {"nonsense"},
	} {
		if _, err := limit(t, bad...); err == nil {
			t.Errorf("took %q", bad)
		}
	}
	keys, err := keystore.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	l, err := keys.Limits()
	if err != nil || l.BytesPerDay != 20_000_000 || l.Rate != 100_000 || l.Hours.Until != 6*60+30 || l.KeepDays != 7 || l.Quota != 3<<30 || !l.DropOldest {
		t.Errorf("stored %+v, %v", l, err)
	}
	out, err = limit(t, "--reset", "--hours", "any", "--only-on", "any", "--bytes-per-day", "policy", "--hold", "start")
	if err != nil || !strings.Contains(out, "what the policy says a day") || !strings.Contains(out, "at any time\n") || !strings.Contains(out, "30 days, 2.15 GB") {
		t.Errorf("%v:\n%s", err, out)
	}
}

// TestInHours: a duration is told without its zeros.
func TestInHours(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "1h", 90 * time.Minute: "1h30m", 5 * time.Minute: "5m", 0: "0s", 90 * time.Second: "1m30s", 40 * time.Second: "40s", 168 * time.Hour: "168h",
	} {
		if got := inHours(d); got != want {
			t.Errorf("%v is told as %q", d, got)
		}
	}
}
