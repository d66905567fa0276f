package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// programs are what tests may start by name.
var programs = map[string]func(){"byleave-collector": main}

func TestMain(m *testing.M) { testscript.Main(m, programs) }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"waitfor": waitFor, "withkey": withKey, "enrol": enrolDevice, "exits": exits,
		},
		Setup: func(env *testscript.Env) error { return os.Chmod(env.WorkDir, 0o700) },
	})
}

// exits runs a command that must end with this code: exits CODE COMMAND ARGS.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("%v: %v, want exit code %s", args[1:], err, args[0])
	}
}

// waitFor waits until a file is there: waitfor FILE.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s never came", args[0])
		}
		<-tick.C
	}
}

// withKey fills a custodian's public key into a policy and sets its version: withkey FROM TO VERSION.
func withKey(ts *testscript.TestScript, _ bool, args []string) {
	filled, err := fillPolicy(ts.ReadFile(args[0]), args[2])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(filled), 0o600))
}

func fillPolicy(text, version string) (string, error) {
	k, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return "", err
	}
	key := base64.StdEncoding.EncodeToString(k.PublicKey().Bytes())
	filled := regexp.MustCompile(`("public_key":\s*)""`).ReplaceAllString(text, "${1}\""+key+"\"")
	filled = regexp.MustCompile(`("version":\s*)"?\d+"?`).ReplaceAllString(filled, "${1}\""+version+"\"")
	if filled == text {
		return "", errors.New("the template has no place for a key")
	}
	return filled, nil
}

// enrolDevice enrols with the first invitation in a file, asks for the policy, and sets $ID: [!] enrol FILE.
func enrolDevice(ts *testscript.TestScript, neg bool, args []string) {
	inv, err := pin.Parse(strings.Fields(ts.ReadFile(args[0]))[0])
	ts.Check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	ts.Check(err)
	server := pin.ByFingerprint(inv.CA)
	conn := dialPinned(ts, inv.Collector, server.TLS())
	resp, err := pb.NewEnrolmentClient(conn).Enrol(context.Background(), &pb.EnrolRequest{Token: inv.Token, Csr: csr, SigningKey: make([]byte, 32)})
	if neg {
		if status.Code(err) != codes.PermissionDenied {
			ts.Fatalf("enrolment: %v", err)
		}
		return
	}
	ts.Check(err)
	own := tls.Certificate{Certificate: [][]byte{resp.GetCertificate()}, PrivateKey: key}
	pol, err := pb.NewDeviceClient(dialPinned(ts, inv.Collector, server.TLS(own))).GetPolicy(context.Background(), &pb.GetPolicyRequest{})
	ts.Check(err)
	if pol.GetPolicy() == nil || resp.GetPolicy() == nil {
		ts.Fatalf("no policy was handed out")
	}
	const digits = "0123456789abcdef"
	var id []byte
	for _, b := range resp.GetDevice() {
		id = append(id, digits[b>>4], digits[b&15])
	}
	ts.Setenv("ID", string(id))
}

func dialPinned(ts *testscript.TestScript, addr string, conf *tls.Config) *grpc.ClientConn {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(credentials.NewTLS(conf)))
	ts.Check(err)
	ts.Defer(func() { ts.Check(conn.Close()) })
	return conn
}

// TestBearerIsNoWordOfACommand: an invitation and a receipt are taken from standard input for -.
func TestBearerIsNoWordOfACommand(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key.json")
	for _, args := range [][]string{
		{"custodian", "new", "--name", "x", "--out", key, "--invite", "-"}, {"erase", "--receipt", "-"},
	} {
		for input, want := range map[string]string{"": "standard input", "byleave://nobody\n": "byleave:"} {
			cmd := command()
			cmd.SetArgs(args)
			cmd.SetIn(strings.NewReader(input))
			cmd.SetOut(io.Discard)
			cmd.SetErr(io.Discard)
			if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v with %q on standard input: %v", args, input, err)
			}
		}
	}
}

// TestPolicyNewIsOfToday: the example begins when it is printed and holds for a year, whenever this program was built.
func TestPolicyNewIsOfToday(t *testing.T) {
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	text := string(dated(policy.Template(), now))
	for field, at := range map[string]time.Time{"issued_at": now, "expires_at": now.AddDate(1, 0, 0)} {
		if want := `"` + field + `": "` + strconv.FormatInt(at.Unix(), 10) + `"`; !strings.Contains(text, want) {
			t.Errorf("lacks %s:\n%s", want, text)
		}
	}
}
