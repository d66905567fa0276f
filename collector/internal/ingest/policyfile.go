package ingest

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// ErrPolicyGone means that the file of the policy that is handed out is no longer there.
var ErrPolicyGone = errors.New("the policy's file is gone: the last one is handed out until this collector ends, and then none")

// PolicyFile hands out the signed policy in a file, and a newer one as soon as the file is replaced. A file that does not
// verify, has expired or is older changes nothing.
type PolicyFile struct {
	path string
	key  ed25519.PublicKey
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex  // guards what follows
	seen    fs.FileInfo // of the file as it was last looked at, nil before
	refused error       // why what lies there is not what is handed out
	current policy.Policy
	signed  *pb.Signed
	raw     []byte // the file's bytes
	changed func()
	next    chan struct{}
}

// OpenPolicy looks at path for the first time. That there is no policy yet is no error.
func OpenPolicy(path string, key ed25519.PublicKey, log *slog.Logger, now func() time.Time) *PolicyFile {
	p := &PolicyFile{path: path, key: key, log: log, now: now, next: make(chan struct{})}
	p.Current()
	return p
}

// Key is the public key that policies are signed with.
func (p *PolicyFile) Key() ed25519.PublicKey { return p.key }

// Policy is the newest policy, zero if there is none.
func (p *PolicyFile) Policy() policy.Policy {
	p.Current()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// watch lets f be called after each new policy. f must not ask for it.
func (p *PolicyFile) watch(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed = f
}

// Changed is closed after the next new policy; a waiter asks first, then looks.
func (p *PolicyFile) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next
}

// Bytes is the newest policy as it was signed, nil if there is none.
func (p *PolicyFile) Bytes() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look()
	return p.raw
}

// Refused is why the file that lies there is not taken over, or ErrPolicyGone; nil if it is, or if there never was one.
func (p *PolicyFile) Refused() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look()
	return p.refused
}

// Follows tells whether the policy in the file is newer than a signed one, or that one is none.
func (p *PolicyFile) Follows(raw []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	there, err := policy.Parse(raw, p.key)
	return err != nil || policy.Newer(p.current, there, p.now()) == nil
}

// Offer puts a signed policy from elsewhere into the file, if it is newer than the one there. One that does not verify, has expired or is older
// changes nothing; only the first of these is an error.
func (p *PolicyFile) Offer(raw []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	mine, err := turn(filepath.Dir(p.path))
	if err != nil {
		return err
	}
	defer mine.Close()
	p.look()
	next, err := policy.Parse(raw, p.key)
	if err != nil {
		return err
	}
	if next.Digest() == p.current.Digest() || policy.Newer(next, p.current, p.now()) != nil {
		return nil
	}
	if err := replaceFile(p.path, raw); err != nil {
		return err
	}
	p.look()
	return nil
}

// ReplacePolicy puts a signed policy into a file, if it is newer than the one there. Who does so at the same moment comes before or after: the newest
// stays, whoever is last.
func ReplacePolicy(path string, raw []byte, key ed25519.PublicKey, now time.Time) (next policy.Policy, err error) {
	if next, err = policy.Parse(raw, key); err != nil {
		return next, err
	}
	mine, err := turn(filepath.Dir(path))
	if err != nil {
		return next, err
	}
	defer mine.Close()
	var cur policy.Policy
	old, err := os.ReadFile(path)
	if err == nil {
		cur, err = policy.Parse(old, key)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return next, fmt.Errorf("the policy in the folder is damaged; move it away first: %w", err)
	}
	if err := policy.Newer(next, cur, now); err != nil {
		return next, err
	}
	return next, replaceFile(path, raw)
}

// replaceFile writes a file of mode 0600 in one step.
func replaceFile(path string, body []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // mode 0600
	if err != nil {
		return fmt.Errorf("write the policy: %w", err)
	}
	_, err = tmp.Write(body)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the policy: %w", err), os.Remove(tmp.Name()))
	}
	return nil
}

// Current is the newest signed policy, nil if there is none.
func (p *PolicyFile) Current() *pb.Signed {
	signed, _ := p.newest()
	return signed
}

// newest is the newest signed policy with its digest; nil and zeros if there is none.
func (p *PolicyFile) newest() (*pb.Signed, [32]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look()
	return p.signed, p.current.Digest()
}

// look loads the file if it was replaced. p.mu is held.
func (p *PolicyFile) look() {
	info, err := os.Stat(p.path)
	if err != nil {
		p.seen, p.refused = nil, err
		switch {
		case !errors.Is(err, fs.ErrNotExist):
			p.log.Error("the policy cannot be read; the last one stays", "error", err)
		case p.signed != nil:
			p.refused = ErrPolicyGone
		default:
			p.refused = nil
		}
		return
	}
	if p.seen != nil && sameState(info, p.seen) {
		return
	}
	p.seen, p.refused = info, p.load()
	if p.refused != nil {
		p.log.Error("the policy in the folder is refused; the last one stays", "error", p.refused)
	}
}

// sameState tells whether a file was neither replaced nor written to. The times alone do not tell: a file system keeps them in steps of some milliseconds, and
// two policies are often of one length.
func sameState(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

func (p *PolicyFile) load() error {
	raw, err := os.ReadFile(p.path)
	if err != nil {
		return fmt.Errorf("read the policy: %w", err)
	}
	next, err := policy.Parse(raw, p.key)
	if err != nil {
		return err
	}
	if next.Digest() == p.current.Digest() {
		return nil
	}
	if err := policy.Newer(next, p.current, p.now()); err != nil {
		return err
	}
	signed := new(pb.Signed)
	if err := proto.Unmarshal(raw, signed); err != nil {
		return fmt.Errorf("read the policy: %w", err)
	}
	if err := p.keep(next, raw); err != nil {
		p.log.Error("the policy could not be kept beside the others: after the next one it would not be known how long its boxes are kept; it is tried again at the next start", "error", err)
	}
	p.current, p.signed, p.raw = next, signed, raw
	close(p.next)
	p.next = make(chan struct{})
	p.log.Info("policy loaded", "version", next.Version())
	if p.changed != nil {
		p.changed()
	}
	return nil
}
