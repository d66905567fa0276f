package spool

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"io"
	"log/slog"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/pb"
)

var (
	consentA = [16]byte{0xa}
	consentB = [16]byte{0xb}
)

// person is the key that opens every box of the tests.
var person = sync.OnceValue(makeKey)

var vault, custodian = sync.OnceValue(makeKey), sync.OnceValue(makeKey)

func makeKey() hpke.PrivateKey {
	k, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		panic(err)
	}
	return k
}

func testKeys(consent [16]byte) Keys {
	return Keys{
		Custodians: []hpke.PublicKey{custodian().PublicKey()}, Vault: vault().PublicKey(), Person: person().PublicKey(),
		Sign:    ed25519.NewKeyFromSeed(bytes.Repeat([]byte{5}, 32)),
		Subject: [16]byte{1}, Device: [16]byte{2}, Consent: consent, Policy: [32]byte{4}, Purpose: "train-agents",
		Session: [16]byte{6}, Redactor: "1-test", Display: "x11",
	}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func mustOpen(t testing.TB, fs FS) (*Spool, Report) {
	t.Helper()
	s, r, err := Open(fs, "/spool", quiet)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s, r
}

// mustStart opens and takes consent A into use.
func mustStart(t testing.TB, fs FS) *Spool {
	t.Helper()
	s, _ := mustOpen(t, fs)
	must(t, s.Use(testKeys(consentA)))
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var epoch = time.Unix(1_700_000_000, 0)

// gap is the n-th event of a test; its content says its number.
func gap(n int) redact.Event {
	at := epoch.Add(time.Duration(n) * time.Second)
	return redact.NewGap(at, at.Add(time.Second), policy.Secret)
}

// cutOne appends the n-th event and cuts; it returns the box that became durable.
func cutOne(t testing.TB, s *Spool, n int) envelope.Box {
	t.Helper()
	must(t, s.Append(gap(n)))
	must(t, s.Cut())
	box, ok := newest(s)
	if !ok {
		t.Fatal("no box after a cut")
	}
	return box
}

// newest is the held box that was cut last.
func newest(s *Spool) (envelope.Box, bool) {
	if len(s.held) == 0 {
		return envelope.Box{}, false
	}
	e := s.held[len(s.held)-1]
	box, err := s.readBox(e.name+heldSuffix, e.sequence, e.batch)
	return box, err == nil
}

func openBox(t testing.TB, b envelope.Box) *pb.Payload {
	t.Helper()
	p, err := open.ByPerson(b, person(), open.SignedBy(testKeys(consentA).Sign.Public().(ed25519.PublicKey)))
	if err != nil {
		t.Fatalf("a box does not open: %v", err)
	}
	return p
}

// inFolder gives the bytes of every box file in the folder and its quarantine by batch id, torn ones too.
func inFolder(t testing.TB, d *disk) map[envelope.ID][]byte {
	t.Helper()
	out := map[envelope.ID][]byte{}
	for _, dir := range []string{"/spool/" + quarantineName, "/spool"} {
		infos, err := d.List(dir)
		if err != nil {
			continue // no quarantine yet
		}
		for _, info := range infos {
			name, _, _ := strings.Cut(info.Name, "~")
			if _, batch, _, ok := parseName(name); ok {
				b, err := d.Read(path.Join(dir, info.Name), envelope.MaxSize)
				must(t, err)
				out[batch] = b
			}
		}
	}
	return out
}
