package spool

import (
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
)

// Why the spool refuses. Each is one decision of the caller.
var (
	// ErrEmpty: the zero Event holds nothing.
	ErrEmpty = errors.New("an empty event cannot be stored")
	// ErrNoConsent: no keys are in use, so there is nobody to seal to. See Use.
	ErrNoConsent = errors.New("nothing can be sealed without a consent")
	// ErrDisk: something could not be made durable. Recording stays refused until Retry succeeds; what was sealed stays in RAM.
	ErrDisk = errors.New("cannot store what is recorded: check the disk and its free space")
	// ErrUnknown: no held box has this batch id.
	ErrUnknown = errors.New("no held box has this id")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("the spool is closed")
)

// Keys is everything that a batch is sealed with and for. All public keys must differ.
type Keys struct {
	Custodians               []hpke.PublicKey
	Vault, Person            hpke.PublicKey
	Sign                     ed25519.PrivateKey
	Subject, Device, Consent [16]byte
	Policy                   [32]byte
	Purpose                  string
	// What the payload tells about the run that recorded it.
	Session  [16]byte // the redactor's: class tokens are stable within it
	Redactor string   // the redactor's version
	Display  string   // "x11"
}

// Spool gathers events, seals them and keeps the boxes. It is safe for concurrent use. Make one with Open.
type Spool struct {
	fs   FS
	dir  string
	log  *slog.Logger
	lock io.Closer

	mu            sync.Mutex
	closed        bool
	keys          *Keys                // nil: nobody to seal to
	open          batch                // what was recorded since the last cut
	pending       *sealed              // sealed, not yet durable; at most one
	swap          *swap                // a box that is being replaced; at most one
	litter        []string             // files that count for nothing and could not be unlinked
	trouble       error                // sticky until Retry
	last          link                 // of the device in use
	marked        link                 // what the chain mark holds durably
	links         map[envelope.ID]link // newest box of every device that the folder knows
	quota         Quota
	attempt       int                  // numbers temporary files, so that none is ever written twice
	held          []entry              // oldest first
	gone          map[envelope.ID]bool // boxes that were destroyed after they had been given out for upload
	aside         map[string]bool      // names in quarantine
	asideUnsynced bool                 // a move to quarantine may not be durable yet
	stats         Stats
}

// sealed is a box that waits for its file.
type sealed struct {
	box             envelope.Box
	raw, compressed int // bytes of the payload before and after compression
	span            span
}

// Use makes the keys of a consent the ones to seal with; the zero Keys mean that there is none. What is open is sealed with the
// old keys first; if that fails, the error says so and the new keys count all the same: what is open is destroyed then, unless the consent
// stays. A device that the folder does not know begins a chain of its own: nothing links it to an earlier one.
func (s *Spool) Use(k Keys) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	err := s.cut()
	if err != nil && !s.open.empty() && !s.keys.sealAs(k) {
		s.open = batch{}
		s.log.Warn("what was recorded since the last box is destroyed: the disk did not take it under its own consent")
	}
	if k.Vault == nil && k.Person == nil && k.Sign == nil {
		s.keys = nil
		return err
	}
	if check := params(&k, link{}).Check(); check != nil {
		s.keys = nil
		return errors.Join(err, check)
	}
	s.keys = &k
	s.follow(k.Device)
	if s.last != s.marked {
		err = errors.Join(err, s.writeChain())
	}
	return err
}

// sealAs tells whether what was recorded under k may be sealed with other keys.
func (k *Keys) sealAs(other Keys) bool {
	return k != nil && k.Consent == other.Consent && k.Device == other.Device && k.Session == other.Session
}

// follow makes device's newest box the one that the next follows. Where no box of any device could be read, only the numbers of
// damaged ones are known, and the next box begins after them.
func (s *Spool) follow(device envelope.ID) {
	l, ok := s.links[device]
	if !ok {
		l = link{device: device, sequence: s.links[envelope.ID{}].sequence}
	}
	s.last = l
}

// Append adds a redacted event to the open batch and cuts when the batch is full. An error means that e was not taken: ErrEmpty,
// ErrNoConsent, ErrDisk, ErrFull, ErrClosed. Memory stays bounded: one open batch and one sealed box.
func (s *Spool) Append(e redact.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case e.IsZero():
		return ErrEmpty
	case s.keys == nil:
		return ErrNoConsent
	case s.trouble != nil:
		return s.trouble
	}
	it, now := newItem(e), time.Now()
	if !s.open.takes(it, now) {
		if err := s.cut(); err != nil {
			return err
		}
	}
	if s.open.empty() {
		if err := s.makeRoom(); err != nil {
			return err
		}
	}
	s.open.add(it, now)
	s.stats.Events++
	if s.open.size >= maxBytes {
		return s.cut()
	}
	return nil
}

// Cut seals the open batch and returns when its box is durable; without one it does nothing. After ErrDisk the box waits in RAM
// for Retry.
func (s *Spool) Cut() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	return s.cut()
}

func (s *Spool) cut() error {
	if errors.Is(s.trouble, ErrFull) {
		return nil // everything that was taken is stored
	}
	if s.trouble != nil {
		return s.trouble
	}
	if s.open.empty() {
		return nil
	}
	if err := s.seal(); err != nil {
		return s.stop(err)
	}
	return s.store()
}

// seal turns the open batch into the pending box.
func (s *Spool) seal() error {
	payload, err := s.open.payload(*s.keys)
	if err != nil {
		return err
	}
	box, compressed, err := seal.Counted(params(s.keys, s.last), payload)
	if err != nil {
		return fmt.Errorf("seal a batch: %w", err)
	}
	s.pending = &sealed{box: box, raw: len(payload), compressed: compressed, span: s.open.span()}
	s.open = batch{}
	return nil
}

func params(k *Keys, last link) seal.Params {
	return seal.Params{
		Subject: k.Subject, Device: k.Device, Consent: k.Consent, Policy: k.Policy, Purpose: k.Purpose,
		Sequence: last.sequence + 1, Previous: last.digest,
		Custodians: k.Custodians, Vault: k.Vault, Person: k.Person, Sign: k.Sign,
	}
}

// store makes the pending box a durable file, then the chain mark. If either fails, recording stops until Retry.
func (s *Spool) store() error {
	p := s.pending
	h := p.box.Header()
	name := boxName(h.Sequence, h.Batch)
	if err := s.writeSpan(name, p.span); err != nil {
		return s.stop(err)
	}
	if err := s.write(name, heldSuffix, p.box.Bytes()); err != nil {
		return s.stop(err)
	}
	s.pending = nil
	s.last = link{device: h.Device, sequence: h.Sequence, digest: p.box.Digest()}
	size := int64(len(p.box.Bytes()))
	s.held = append(s.held, entry{name: name, batch: h.Batch, sequence: h.Sequence, device: h.Device, consent: h.Consent, at: time.Now(), size: size, span: p.span})
	s.stats.sealed(p, size)
	return s.writeChain()
}

// writeChain makes the newest box's number and digest durable.
func (s *Spool) writeChain() error {
	s.links[s.last.device] = s.last
	mark := chainMark{link: s.last, cut: time.Now()}
	if err := s.write(chainName, "", mark.encode()); err != nil {
		return s.stop(err)
	}
	s.marked = s.last
	return nil
}

// write makes a durable file: a new temporary one, its bytes, fsync, rename, fsync of the folder. After a failure the temporary
// file is never touched again but to unlink it: the kernel forgets what it could not write, so a second fsync of the same file
// would lie. The next attempt writes all bytes to a new file.
func (s *Spool) write(name, suffix string, content []byte) error {
	s.attempt++
	temp := fmt.Sprintf("%s-%d.tmp", name, s.attempt)
	if err := s.writeTemp(filepath.Join(s.dir, temp), content); err != nil {
		return errors.Join(err, s.drop(temp))
	}
	if err := s.fs.Rename(filepath.Join(s.dir, temp), filepath.Join(s.dir, name+suffix)); err != nil {
		return errors.Join(err, s.drop(temp))
	}
	return s.syncDir()
}

func (s *Spool) writeTemp(name string, content []byte) error {
	f, err := s.fs.Create(name)
	if err != nil {
		return err
	}
	n, err := f.Write(content)
	if err == nil && n < len(content) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// stop begins disk trouble: it is sticky, so that nobody records what cannot be kept.
func (s *Spool) stop(cause error) error {
	if s.trouble == nil {
		s.trouble = fmt.Errorf("%w: %w", ErrDisk, cause)
		s.log.Error("recording stops: a batch could not be stored", "cause", cause)
	}
	return s.trouble
}

// Retry tries to end disk trouble: it writes what waits in RAM to new files. Nil means that all is durable and Append takes
// events again. Without trouble it only clears away.
func (s *Spool) Retry() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.trouble == nil {
		return s.sweep()
	}
	s.trouble = nil
	err := s.finish()
	switch {
	case err != nil:
		err = s.stop(err)
	case s.pending != nil:
		err = s.store()
	case !s.open.empty():
		err = s.cut()
	default:
		if err = s.makeRoom(); err == nil {
			err = s.writeChain() // proves that the disk takes bytes again
		}
	}
	if err == nil {
		s.log.Info("recording can go on: the disk works again")
	}
	return err
}

// Deadline is when Cut should be called for the age of the open batch; zero if it is empty. It changes only in Append, Cut, Use,
// Retry, DestroyHeld and Close.
func (s *Spool) Deadline() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open.deadline
}

// Close cuts and marks the end as clean. If the last batch cannot be stored, it is lost, the error says so, and the next Open
// reports it. A second Close does nothing.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	err := s.cut()
	if err == nil && s.pending == nil {
		err = s.fs.Remove(filepath.Join(s.dir, sessionName))
		err = errors.Join(err, s.syncDir())
	}
	s.closed = true
	return errors.Join(err, s.lock.Close())
}
