package erasure

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/code"
	"github.com/byleave/byleave/proto/pb"
)

func receipt() Receipt {
	return Receipt{Collector: "collector.example:7443", CA: sha256.Sum256([]byte("ca")), Ledger: sha256.Sum256([]byte("ledger")), Code: NewCode()}
}

func TestReceiptRoundTrip(t *testing.T) {
	r := receipt()
	for _, text := range []string{r.String(), " " + r.String() + "\n", strings.Replace(r.String(), r.Text(), strings.ToLower(r.Text()), 1)} {
		if got, err := ParseReceipt(text); err != nil || got != r {
			t.Fatalf("%v %v", got, err)
		}
	}
	if c, err := ParseCode(strings.ReplaceAll(r.Text(), "-", " ")); err != nil || c != r.Code {
		t.Fatal("the typed code:", err)
	}
}

// TestReceiptRefusesAndQuotesNothing: a wrong receipt is refused with words that hold nothing of it.
func TestReceiptRefusesAndQuotesNothing(t *testing.T) {
	r := receipt()
	good := r.String()
	group := r.Text()[:8]
	recovery := Receipt{Collector: r.Collector, CA: r.CA, Ledger: r.Ledger}.String()
	recovery = strings.Replace(recovery, Receipt{}.Text(), code.Encode("recovery", r.Code[:]), 1)
	for name, text := range map[string]string{
		"empty":            "",
		"another scheme":   strings.Replace(good, "byleave", "https", 1),
		"no port":          strings.Replace(good, ":7443", "", 1),
		"user":             strings.Replace(good, "collector", "me@collector", 1),
		"turned writing":   strings.Replace(good, "collector", "a%E2%80%AEb", 1),
		"no ca":            strings.Replace(good, "ca=", "cb=", 1),
		"ca twice":         good + "&ca=" + encode(r.CA),
		"cut code":         good[:len(good)-9],
		"a recovery code":  recovery,
		"another group":    strings.Replace(good, group, "00000001", 1),
		"endless":          good + strings.Repeat("A", 4096),
		"an invitation":    "byleave://a:1/?ca=x&policy=y&ledger=z&token=t",
		"a code that is 0": strings.Replace(good, r.Text(), strings.Repeat("0", 64), 1),
	} {
		_, err := ParseReceipt(text)
		if err == nil || strings.Contains(err.Error(), group) || strings.Contains(err.Error(), "collector.example") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecord(t *testing.T) {
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id := bytes.Repeat([]byte{7}, 16)
	m := &pb.ErasureRecord{Id: id, Boxes: 3, Bytes: 99, Released: 1, BatchesSha256: make([]byte, 32), DestroyedAt: 1_700_000_000, ReplacedAt: 1_700_000_001}
	signed, err := Sign(m, key)
	if err != nil {
		t.Fatal(err)
	}
	res := &pb.EraseResponse{Record: signed, LedgerKey: pub}
	got, err := Verify(res, sha256.Sum256(pub), id)
	if err != nil || got.GetBoxes() != 3 {
		t.Fatal(got, err)
	}
	for _, want := range []string{"3 boxes", "99 bytes", "1 box of them"} {
		if s := Sentence(got); !strings.Contains(s, want) {
			t.Errorf("%q lacks %q", s, want)
		}
	}
	for name, try := range map[string]func() error{
		"another pin": func() error { _, err := Verify(res, [32]byte{1}, id); return err },
		"another id":  func() error { _, err := Verify(res, sha256.Sum256(pub), make([]byte, 16)); return err },
		"nothing":     func() error { _, err := Verify(nil, sha256.Sum256(pub), id); return err },
		"another text": func() error {
			signed.Body[len(signed.Body)-1] ^= 1
			_, err := Verify(res, sha256.Sum256(pub), id)
			return err
		},
	} {
		if err := try(); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDigest(t *testing.T) {
	a, b := bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)
	if Digest([][]byte{b, a, a}) != Digest([][]byte{a, b}) || Digest([][]byte{a}) == Digest([][]byte{b}) {
		t.Fatal("order and doubles must not count, ids must")
	}
}

func FuzzParseReceipt(f *testing.F) {
	f.Add(receipt().String())
	f.Add("byleave://a:1/?ca=&ledger=&erase=")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseReceipt(text)
		if err != nil {
			return
		}
		if again, err := ParseReceipt(r.String()); err != nil || again != r {
			t.Fatalf("%q reads as another receipt: %v", text, err)
		}
	})
}

// TestNoAddressOfAProxy: behind what is no address of a proxy the code is not sent.
func TestNoAddressOfAProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "secret.corp:port")
	if _, err := Ask(t.Context(), Receipt{Collector: "collector.invalid:7443"}); err == nil || !strings.Contains(err.Error(), "HTTPS_PROXY is no address") {
		t.Errorf("the receipt says: %v", err)
	}
}

// TestSecureProxy: a proxy that speaks TLS is spoken to in TLS: nothing is said to it in the clear.
func TestSecureProxy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("HTTPS_PROXY", "https://me:secret@"+l.Addr().String())
	asked := make(chan error, 1)
	go func() {
		_, err := Ask(t.Context(), Receipt{Collector: "collector.invalid:7443"})
		asked <- err
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := c.Read(b); err != nil || b[0] != 0x16 {
		t.Errorf("the proxy is told %q, %v", b, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if <-asked == nil {
		t.Error("a proxy that hangs up erased something")
	}
}
