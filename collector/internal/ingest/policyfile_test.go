package ingest

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// signedPolicy is the template with a key, as version n, with whatever change makes of it.
func signedPolicy(t *testing.T, n uint64, key ed25519.PrivateKey, change func(*pb.Policy)) []byte {
	t.Helper()
	m := new(pb.Policy)
	must(t, protojson.Unmarshal(policy.Template(), m))
	k, err := hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	m.Version, m.Custodians[0].PublicKey = n, k.PublicKey().Bytes()
	m.IssuedAt, m.ExpiresAt = time.Now().Add(-time.Hour).Unix(), time.Now().Add(24*time.Hour).Unix()
	if change != nil {
		change(m)
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	must(t, err)
	signed, err := policy.Sign(body, key)
	must(t, err)
	return signed
}

func TestPolicyFileOnlyMovesForward(t *testing.T) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	_, strange, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	path := filepath.Join(t.TempDir(), "policy.signed")
	p := OpenPolicy(path, pub, slog.New(slog.DiscardHandler), time.Now)
	if p.Current() != nil || !p.Policy().IsZero() {
		t.Fatal("a policy out of nothing")
	}
	second := signedPolicy(t, 2, key, nil)
	past := func(m *pb.Policy) { m.ExpiresAt = time.Now().Add(-time.Minute).Unix() }
	for i, c := range []struct {
		name string
		body []byte
		want uint64
	}{
		{"noise", []byte("noise"), 0},
		{"signed by somebody else", signedPolicy(t, 1, strange, nil), 0},
		{"expired", signedPolicy(t, 1, key, past), 0},
		{"the first", second, 2},
		{"older", signedPolicy(t, 1, key, nil), 2},
		{"the same version with other words", signedPolicy(t, 2, key, func(m *pb.Policy) { m.Compensation = "more" }), 2},
		{"truncated", second[:len(second)-1], 2},
		{"empty", nil, 2},
		{"another controller", signedPolicy(t, 3, key, func(m *pb.Policy) { m.Controller.Name = "Others" }), 2},
		{"newer", signedPolicy(t, 3, key, nil), 3},
	} {
		must(t, os.WriteFile(path, c.body, 0o600))
		when := time.Now().Add(time.Duration(i) * time.Second) // a file system may keep seconds only
		must(t, os.Chtimes(path, when, when))
		signed := p.Current()
		if got := p.Policy().Version(); got != c.want || (signed == nil) != (c.want == 0) {
			t.Fatalf("%s: version %d, want %d", c.name, got, c.want)
		}
	}
	must(t, os.Remove(path))
	if p.Policy().Version() != 3 {
		t.Fatal("the policy went away with its file")
	}
}

// TestPolicyReplacedWithinATick: a file that takes the place of another of the same time and length is looked at.
func TestPolicyReplacedWithinATick(t *testing.T) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	path := filepath.Join(t.TempDir(), "policy.signed")
	when := time.Now()
	put := func(version uint64) {
		must(t, replaceFile(path, signedPolicy(t, version, key, nil)))
		must(t, os.Chtimes(path, when, when))
	}
	put(1)
	p := OpenPolicy(path, pub, slog.New(slog.DiscardHandler), time.Now)
	put(2)
	if got := p.Policy().Version(); got != 2 {
		t.Errorf("version %d, want 2", got)
	}
}

// TestPolicyOfAnotherCollector: one that verifies and is newer goes into the file, as if it had been put there; nothing else does.
func TestPolicyOfAnotherCollector(t *testing.T) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	_, strange, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	path := filepath.Join(t.TempDir(), "policy.signed")
	p := OpenPolicy(path, pub, slog.New(slog.DiscardHandler), time.Now)
	past := func(m *pb.Policy) { m.ExpiresAt = time.Now().Add(-time.Minute).Unix() }
	second, third, fourth := signedPolicy(t, 2, key, nil), signedPolicy(t, 3, key, nil), signedPolicy(t, 4, key, nil)
	for _, c := range []struct {
		name string
		raw  []byte
		bad  bool
		want uint64
	}{
		{"noise", []byte("noise"), true, 0},
		{"signed by somebody else", signedPolicy(t, 1, strange, nil), true, 0},
		{"expired", signedPolicy(t, 1, key, past), false, 0},
		{"the first", second, false, 2},
		{"the same", second, false, 2},
		{"older", signedPolicy(t, 1, key, nil), false, 2},
		{"newer, signed by somebody else", signedPolicy(t, 9, strange, nil), true, 2},
		{"another controller", signedPolicy(t, 9, key, func(m *pb.Policy) { m.Controller.Name = "Others" }), false, 2},
		{"newer", third, false, 3},
	} {
		before, changed := p.Policy().Version(), p.Changed()
		if err := p.Offer(c.raw); (err != nil) != c.bad || p.Policy().Version() != c.want {
			t.Fatalf("%s: version %d, %v", c.name, p.Policy().Version(), err)
		}
		select {
		case <-changed:
			if before == c.want {
				t.Errorf("%s: a change is told of", c.name)
			}
		default:
			if before != c.want {
				t.Errorf("%s: the change is not told of", c.name)
			}
		}
	}
	if again := OpenPolicy(path, pub, slog.New(slog.DiscardHandler), time.Now); again.Policy().Version() != 3 || string(again.Bytes()) != string(third) {
		t.Error("after a restart it is another one")
	}
	for _, c := range []struct {
		there []byte
		want  bool
	}{{nil, true}, {[]byte("noise"), true}, {second, true}, {third, false}, {fourth, false}} {
		if p.Follows(c.there) != c.want {
			t.Errorf("%.5q: want %v", c.there, c.want)
		}
	}
}

// TestTurn: whoever has the turn has it alone. A file that must not be there yet stands for what is done in it.
func TestTurn(t *testing.T) {
	dir, err := os.MkdirTemp("", "byleave-turn-") // Wine cannot take a folder away as t.TempDir does
	must(t, err)
	t.Cleanup(func() {
		_ = os.Remove(filepath.Join(dir, "policy.lock")) // on Windows alone
		must(t, os.Remove(dir))
	})
	mark := filepath.Join(dir, "mark")
	begin := make(chan struct{})
	var taking sync.WaitGroup
	for range 8 {
		taking.Go(func() {
			<-begin
			for range 50 {
				mine, err := turn(dir)
				if err != nil {
					t.Error(err)
					return
				}
				f, err := os.OpenFile(mark, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err == nil {
					err = errors.Join(f.Close(), os.Remove(mark))
				}
				if err := errors.Join(err, mine.Close()); err != nil {
					t.Errorf("two have the turn: %v", err)
					return
				}
			}
		})
	}
	close(begin)
	taking.Wait()
}

// TestPolicyNewestStays: of many who set a policy at once, the newest is in the file in the end, also against one that came from elsewhere.
func TestPolicyNewestStays(t *testing.T) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	const all = 12
	signed := make([][]byte, all+1)
	for n := 1; n <= all; n++ {
		signed[n] = signedPolicy(t, uint64(n), key, nil)
	}
	for round := range 8 {
		path := filepath.Join(t.TempDir(), "policy.signed")
		p := OpenPolicy(path, pub, slog.New(slog.DiscardHandler), time.Now)
		begin := make(chan struct{})
		var setting sync.WaitGroup
		for n := 1; n <= all; n++ {
			setting.Go(func() {
				<-begin
				if n%3 == 0 && n < all {
					if err := p.Offer(signed[n]); err != nil {
						t.Error(err)
					}
				} else if _, err := ReplacePolicy(path, signed[n], pub, time.Now()); err != nil && !errors.Is(err, policy.ErrOlder) {
					t.Error(err)
				}
			})
		}
		close(begin)
		setting.Wait()
		there, err := os.ReadFile(path)
		must(t, err)
		if got, err := policy.Parse(there, pub); err != nil || got.Version() != all {
			t.Fatalf("round %d: version %d stays, %v", round, got.Version(), err)
		}
	}
}
