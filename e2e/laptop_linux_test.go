package e2e

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/pty"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// laptop is a computer without a desktop: a home folder and the agent's binary. What was recorded on it is put into its spool, sealed as
// the agent seals it.
type laptop struct {
	t        *testing.T
	home     string
	secret   string // file with the passphrase
	agent    *exec.Cmd
	sequence uint64
	previous [32]byte
}

// openOperator is a collector with a custodian and a policy, whose ledger takes a lot each second; and an invitation.
func openOperator(t *testing.T) (context.Context, *stage.Stage, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	abs, err := filepath.Abs(bin)
	check(t, err)
	s, invitation, err := stage.Operator(ctx, stage.Options{Bin: abs})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	check(t, s.KillCollector())
	check(t, os.WriteFile(filepath.Join(s.Data(), "limits.json"), []byte(`{"ledger_lot_seconds": 1}`), 0o600))
	check(t, s.Serve(ctx))
	return ctx, s, invitation
}

func newLaptop(t *testing.T) *laptop {
	t.Helper()
	l := &laptop{t: t, home: filepath.Join(t.TempDir(), "byleave"), secret: filepath.Join(t.TempDir(), "passphrase")}
	check(t, os.WriteFile(l.secret, []byte("correct horse battery staple\n"), 0o600))
	t.Cleanup(l.stop)
	return l
}

func (l *laptop) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, bin+"/byleave", args...)
	cmd.Env = []string{"BYLEAVE_HOME=" + l.home, "HOME=" + filepath.Dir(l.home), "PATH=/usr/bin:/bin", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent",
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent"}
	return cmd
}

// run is one command; its error ends with what it said.
func (l *laptop) run(ctx context.Context, args ...string) (string, error) {
	var out, words bytes.Buffer
	cmd := l.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &words
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("byleave %s: %w: %s", args[0], err, strings.TrimSpace(words.String()))
	}
	return out.String(), err
}

// start runs the agent without a hold.
func (l *laptop) start() {
	l.t.Helper()
	l.agent = l.command(context.Background(), "run", "--hold", "0s")
	check(l.t, l.agent.Start())
}

func (l *laptop) stop() {
	if l.agent != nil {
		check(l.t, l.agent.Process.Kill())
		var exit *exec.ExitError
		if err := l.agent.Wait(); err != nil && !errors.As(err, &exit) {
			l.t.Error(err)
		}
		l.agent = nil
	}
}

// enrol enrols and returns the recovery code and the receipt.
func (l *laptop) enrol(ctx context.Context, invitation string) (recovery, receipt string) {
	l.t.Helper()
	out, err := l.run(ctx, "enrol", invitation, "--passphrase-file", l.secret)
	check(l.t, err)
	for line := range strings.Lines(out) {
		if code := strings.TrimSpace(line); strings.Count(code, "-") == 7 {
			recovery = code
		}
	}
	receipt, err = l.run(ctx, "receipt")
	check(l.t, err)
	return recovery, strings.TrimSpace(receipt)
}

func (l *laptop) give(ctx context.Context) {
	l.t.Helper()
	cmd := l.command(ctx, "consent", "give", "--grant", stage.App+"=pointer,text", "--hours", "all", "--expires", "24h")
	if out, err := pty.Run(cmd, "yes\n"); err != nil {
		l.t.Fatalf("%v: %s", err, out)
	}
}

func (l *laptop) load(name string, to any) {
	l.t.Helper()
	b, err := os.ReadFile(filepath.Join(l.home, name))
	check(l.t, err)
	check(l.t, json.Unmarshal(b, to))
}

// recorded puts a box with one typed text into the spool. The agent must not run.
func (l *laptop) recorded(at time.Time, text string) {
	l.t.Helper()
	var id struct {
		Subject   []byte
		Device    []byte
		SignSeed  []byte `json:"sign_seed"`
		VaultKey  []byte `json:"vault_key"`
		PersonKey []byte `json:"person_key"`
	}
	l.load("identity.json", &id)
	var given struct{ Consent, Policy []byte }
	l.load("consent.json", &given)
	var signed, pinned pb.Signed
	var consent pb.Consent
	var policy pb.Policy
	check(l.t, errors.Join(proto.Unmarshal(given.Consent, &signed), proto.Unmarshal(signed.GetBody(), &consent),
		proto.Unmarshal(given.Policy, &pinned), proto.Unmarshal(pinned.GetBody(), &policy)))
	key := func(b []byte) hpke.PublicKey {
		k, err := hpke.MLKEM768X25519().NewPublicKey(b)
		check(l.t, err)
		return k
	}
	l.sequence++
	p := seal.Params{Subject: [16]byte(id.Subject), Device: [16]byte(id.Device), Consent: [16]byte(consent.GetId()), Policy: [32]byte(consent.GetPolicySha256()),
		Purpose: consent.GetPurposeId(), Sequence: l.sequence, Previous: l.previous, Vault: key(id.VaultKey), Person: key(id.PersonKey),
		Sign: ed25519.NewKeyFromSeed(id.SignSeed)}
	for _, c := range policy.GetCustodians() {
		p.Custodians = append(p.Custodians, key(c.GetPublicKey()))
	}
	body, err := proto.Marshal(&pb.Payload{Schema: 1, Session: make([]byte, 16), StartedAt: at.UnixMilli(), Redactor: "1-test",
		Events: []*pb.Event{{What: &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_TEXT, Text: &pb.Text{Net: text},
			Window: &pb.Window{Application: stage.App, Canvas: &pb.Rect{Width: 100, Height: 100}}}}}}})
	check(l.t, err)
	box, err := seal.Seal(p, body)
	check(l.t, err)
	l.previous = box.Digest()
	dir := filepath.Join(l.home, "spool")
	check(l.t, os.MkdirAll(dir, 0o700))
	name := filepath.Join(dir, fmt.Sprintf("%016x-%x", l.sequence, box.Header().Batch))
	span := fmt.Sprintf("byleave span 1\nfrom %d\nuntil %d\n", at.Unix(), at.Unix()+1)
	sum := sha256.Sum256([]byte(span))
	check(l.t, os.WriteFile(name+".span", []byte(span+"sum "+hex.EncodeToString(sum[:])+"\n"), 0o600))
	check(l.t, os.WriteFile(name+".box", box.Bytes(), 0o600))
}

// sent waits until n copies of sent boxes lie here.
func (l *laptop) sent(ctx context.Context, n int) {
	l.t.Helper()
	check(l.t, desktop.Until(ctx, "boxes to be sent", func() bool {
		names, err := filepath.Glob(filepath.Join(l.home, "spool", "*.sent"))
		return err == nil && len(names) == n
	}))
}

// report is what `byleave verify --json` says.
type report struct {
	OK                            bool
	Wrong, Proved, Waiting, Notes []string
	Reads                         []struct {
		Custodian, Words string
		Boxes            int
		Proved           bool
	}
	Evidence []string
}

func (l *laptop) verify(ctx context.Context, args ...string) (r report, err error) {
	out, err := l.run(ctx, append([]string{"verify", "--json"}, args...)...)
	if e := json.Unmarshal([]byte(out), &r); e != nil {
		return r, errors.Join(err, e)
	}
	return r, err
}

// settled waits until nothing waits for the ledger of s any more, and returns the report. It asks once for each checkpoint.
func (l *laptop) settled(ctx context.Context, s *stage.Stage, args ...string) (r report) {
	l.t.Helper()
	var last string
	err := desktop.Until(ctx, "the ledger", func() bool {
		at, err := os.ReadFile(filepath.Join(s.Data(), "ledger", "checkpoint"))
		if err != nil || string(at) == last {
			return false
		}
		last = string(at)
		if r, err = l.verify(ctx, args...); err != nil {
			l.t.Fatalf("%v: %q", err, r.Wrong)
		}
		return len(r.Waiting) == 0
	})
	check(l.t, err)
	return r
}
