package flow

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/tray"
	"github.com/byleave/byleave/policy"
)

// ends are the consents whose receipts say that they were withdrawn, with the gesture that the receipt tells.
func (a *agent) ends(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range must(a.keys.Receipts()) {
		if !strings.Contains(name, receiptWithdrawn) {
			continue
		}
		b, text, err := a.keys.Receipt(name)
		check(t, err)
		r := must(policy.ParseReceipt(b))
		if len(r.Record.Status) != 2 || string(text) != r.Text() {
			t.Errorf("%s: %d states; or its readable copy says something else", name, len(r.Record.Status))
		}
		if found[r.Record.ID] != "" {
			t.Errorf("%s is the second receipt of one end", name)
		}
		found[r.Record.ID] = r.Record.Status[1].Method
	}
	return found
}

// Terminal, page, tray and a terminal without an agent write the same: a receipt of each consent that ended, with the gesture that ended it.
func TestEveryEndHasItsReceipt(t *testing.T) {
	verb := func(gesture string) func(*agent) error {
		return func(a *agent) error {
			_, err := a.verbs()["withdraw"].Do(context.Background(), must(json.Marshal(Withdrawal{gesture})))
			return err
		}
	}
	for name, tt := range map[string]struct {
		end  func(*agent) error
		says string
	}{
		"terminal or page": {verb("page: pressed Withdraw now"), "page: pressed Withdraw now"},
		"no gesture":       {verb(""), "asked of the running agent"},
		"tray":             {func(a *agent) error { _, err := a.acted(context.Background(), tray.Withdraw); return err }, "tray: clicked Withdraw now"},
		"no agent": {func(a *agent) error {
			_, err := Withdraw(a.keys, must(a.keys.Identity()), policy.Withdrawal{At: time.Now(), Gesture: "terminal: byleave consent withdraw"})
			return err
		}, "terminal: byleave consent withdraw"},
		"a crash before the receipt": {func(a *agent) error {
			id := must(a.keys.Identity())
			for consent, stub := range must(readStanding(a.keys, id)) {
				check(t, withdraw(a.keys, id, consent, stub))
			}
			return a.load()
		}, endUnseen},
		"a clock that was set back": {func(a *agent) error {
			_, err := Withdraw(a.keys, must(a.keys.Identity()), policy.Withdrawal{At: time.Unix(1, 0), Gesture: "early"})
			return err
		}, "early"},
	} {
		t.Run(name, func(t *testing.T) {
			p := version(1, nil)
			a := device(t, p)
			one, two := a.agree(t, p), a.agree(t, p)
			check(t, tt.end(a))
			check(t, a.load()) // changes nothing
			got := a.ends(t)
			if len(got) != 2 {
				t.Fatalf("%d receipts of 2 ends: %v", len(got), got)
			}
			for _, c := range []policy.Consent{one, two} {
				r := must(policy.NewReceipt(p, c, policy.Withdrawal{}))
				if got[r.Record.ID] != tt.says {
					t.Errorf("the receipt says %q, want %q", got[r.Record.ID], tt.says)
				}
			}
		})
	}
}

// A receipt that cannot be written holds no withdrawal up. It is said, tried again, and then written with the moment of the gesture.
func TestReceiptIsTriedAgain(t *testing.T) {
	p := version(1, nil)
	a := device(t, p)
	a.agree(t, p)
	folder := filepath.Join(a.cfg.Home, "receipts")
	check(t, os.RemoveAll(folder))
	check(t, os.WriteFile(folder, nil, 0o600)) // no folder can be made there
	n, err := a.endAll("tray: clicked Withdraw now")
	check(t, err)
	if n.Consents != 1 || n.Receipts == "" || !strings.Contains(a.status().Disk, "receipt of a withdrawal") || a.rules.Load() != nil {
		t.Fatalf("%+v; status %q", n, a.status().Disk)
	}
	if gone := must(a.keys.EveryWithdrawn()); len(gone) != 1 {
		t.Fatalf("%d consents are withdrawn for good", len(gone))
	}
	check(t, os.Remove(folder))
	a.cutIfDue(t.Context()) // what runDeadline does every 10 seconds
	if got := slices.Collect(maps.Values(a.ends(t))); len(got) != 1 || got[0] != "tray: clicked Withdraw now" || a.status().Disk != "" {
		t.Errorf("receipts %q; status %q", got, a.status().Disk)
	}
}
