package ca

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/proto/pin"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func authority(t *testing.T, now func() time.Time) *Authority {
	t.Helper()
	dir := t.TempDir()
	must(t, Create(dir, now()))
	a, err := Load(dir, now)
	must(t, err)
	return a
}

func request(t *testing.T) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	must(t, err)
	return csr, key
}

func TestCreateNeverReplaces(t *testing.T) {
	dir := t.TempDir()
	must(t, Create(dir, time.Now()))
	before, err := os.ReadFile(filepath.Join(dir, keyName))
	must(t, err)
	if Create(dir, time.Now()) == nil {
		t.Fatal("a second authority was made")
	}
	after, err := os.ReadFile(filepath.Join(dir, keyName))
	must(t, err)
	if string(before) != string(after) {
		t.Fatal("the key was replaced")
	}
	info, err := os.Stat(filepath.Join(dir, keyName))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %o", info.Mode().Perm())
	}
}

func TestLoadNamesTheRemedy(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	if _, err := Load(dir, time.Now); err == nil {
		t.Fatal("an empty folder has no authority")
	}
	must(t, Create(dir, time.Now()))
	must(t, Create(other, time.Now()))
	foreign, err := os.ReadFile(filepath.Join(other, keyName))
	must(t, err)
	for name, body := range map[string][]byte{"another's key": foreign, "noise": []byte("noise"), "nothing": nil} {
		must(t, os.WriteFile(filepath.Join(dir, keyName), body, 0o600))
		if _, err := Load(dir, time.Now); err == nil {
			t.Errorf("%s was taken for the key", name)
		}
	}
}

// TestServerCertificate dials every name that the certificate promises, knowing the authority's fingerprint alone, and sees the
// certificate renewed before it ends.
func TestServerCertificate(t *testing.T) {
	var clock atomic.Int64
	clock.Store(time.Now().Unix())
	now := func() time.Time { return time.Unix(clock.Load(), 0) }
	a := authority(t, now)
	conf, err := a.ServerTLS([]string{"collector.example.org", "192.0.2.7"})
	must(t, err)
	serial := func(name string) string {
		server, client := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- tls.Server(server, conf).Handshake() }()
		c := tls.Client(client, &tls.Config{ServerName: name, InsecureSkipVerify: true, Time: now, MinVersion: tls.VersionTLS13,
			VerifyConnection: func(cs tls.ConnectionState) error {
				root := cs.PeerCertificates[len(cs.PeerCertificates)-1]
				if sha256.Sum256(root.Raw) != a.Fingerprint() {
					return errors.New("the chain does not end in the authority")
				}
				pool := x509.NewCertPool()
				pool.AddCert(root)
				_, err := cs.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool, DNSName: name, CurrentTime: now()})
				return err
			}})
		if err := c.Handshake(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		must(t, <-done)
		must(t, client.Close())
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := serial("localhost")
	for _, name := range []string{"127.0.0.1", "::1", "collector.example.org", "192.0.2.7"} {
		if serial(name) != first {
			t.Fatal("a certificate per connection")
		}
	}
	clock.Add(int64((serverLife - serverRenew + time.Hour).Seconds()))
	if serial("localhost") == first {
		t.Fatal("the certificate was not renewed in time")
	}
}

func TestIdentityRoundTrip(t *testing.T) {
	a := authority(t, time.Now)
	_, key := request(t)
	for _, role := range []store.Role{store.DeviceRole, store.CustodianRole} {
		want := Identity{Role: role, ID: newID()}
		der, err := a.Issue(key.Public(), want)
		must(t, err)
		cert, err := x509.ParseCertificate(der)
		must(t, err)
		got, ok := IdentityOf(cert)
		if !ok || got != want {
			t.Fatalf("%v %v", got, ok)
		}
		if life := cert.NotAfter.Sub(cert.NotBefore); life != Life+backdate || cert.IsCA || cert.Subject.String() != "" {
			t.Fatalf("life %v, CA %v, subject %q", life, cert.IsCA, cert.Subject)
		}
	}
}

func TestInvitationStrings(t *testing.T) {
	fp := Fingerprints{CA: sha256.Sum256([]byte("ca")), Policy: sha256.Sum256([]byte("p")), Ledger: sha256.Sum256([]byte("l"))}
	lot, texts, err := Invitations("collector.example.org:7443", fp, store.DeviceRole, 3, time.Now())
	must(t, err)
	seen := map[string]bool{}
	for i, text := range texts {
		if inv, err := pin.Parse(text); err != nil || inv.CA != fp.CA || inv.Policy != fp.Policy || inv.Ledger != fp.Ledger {
			t.Fatal("the agent reads it differently:", err)
		}
		u, err := url.Parse(text)
		must(t, err)
		q := u.Query()
		if u.Scheme != "byleave" || u.Host != "collector.example.org:7443" || u.Path != "/" || len(q) != 4 {
			t.Fatal(text)
		}
		ca, err := base64.RawURLEncoding.DecodeString(q.Get("ca"))
		must(t, err)
		if [32]byte(ca) != fp.CA || HashToken(q.Get("token")) != lot[i].Token || seen[q.Get("token")] {
			t.Fatal(text)
		}
		seen[q.Get("token")] = true
	}
	for name, do := range map[string]func() error{
		"none":       func() error { _, _, err := Invitations("a:1", fp, store.DeviceRole, 0, time.Now()); return err },
		"too many":   func() error { _, _, err := Invitations("a:1", fp, store.DeviceRole, MaxLot+1, time.Now()); return err },
		"no port":    func() error { _, _, err := Invitations("a", fp, store.DeviceRole, 1, time.Now()); return err },
		"no host":    func() error { _, _, err := Invitations(":1", fp, store.DeviceRole, 1, time.Now()); return err },
		"no name":    func() error { _, _, err := Invitations("a b:1", fp, store.DeviceRole, 1, time.Now()); return err },
		"other role": func() error { _, _, err := Invitations("a:1", fp, "operator", 1, time.Now()); return err },
	} {
		if do() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestI17SingleUseUnderRace: of a hundred who come with one token exactly one gets a certificate.
func TestI17SingleUseUnderRace(t *testing.T) {
	s, _, err := embed.Open(context.Background(), t.TempDir(), slog.New(slog.DiscardHandler))
	must(t, err)
	defer func() { must(t, s.Close()) }()
	lot, texts, err := Invitations("a:1", Fingerprints{}, store.DeviceRole, 1, time.Now().Add(time.Hour))
	must(t, err)
	must(t, s.Invite(context.Background(), lot))
	u, err := url.Parse(texts[0])
	must(t, err)
	e := &Enroller{Authority: authority(t, time.Now), Store: s, Now: time.Now, NewKey: func(subject store.ID) (store.VaultKey, error) {
		return store.VaultKey{Subject: subject, Public: []byte{1}, Wrapped: []byte{2}}, nil
	}}
	csr, _ := request(t)
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			_, err := e.Enrol(context.Background(), Application{Token: u.Query().Get("token"), CSR: csr, SigningKey: pub})
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, ErrToken):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 99 {
		t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
	}
}
