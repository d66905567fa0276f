package upload

import (
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// held is a box in the queue of a test.
type held struct {
	box envelope.Box
	at  time.Time
}

// memory is a queue in memory with the spool's promises.
type memory struct {
	mu    sync.Mutex
	boxes []held
	sent  []envelope.ID
	aside []envelope.ID
	fail  error // what Sent and Quarantine answer once
}

func (m *memory) NextExcept(now time.Time, hold time.Duration, skip func(batch, consent envelope.ID) bool) (envelope.Box, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.boxes {
		if now.Sub(h.at) < hold {
			break
		}
		if !skip(h.box.Header().Batch, h.box.Header().Consent) {
			return h.box, true
		}
	}
	return envelope.Box{}, false
}

func (m *memory) Ready(now time.Time, hold time.Duration, skip func(batch, consent envelope.ID) bool) (first, all int64, sealed time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.boxes {
		if now.Sub(h.at) < hold {
			break
		}
		if skip(h.box.Header().Batch, h.box.Header().Consent) {
			continue
		}
		if first == 0 {
			first, sealed = int64(len(h.box.Bytes())), h.at
		}
		all += int64(len(h.box.Bytes()))
	}
	return first, all, sealed
}

func (m *memory) take(id envelope.ID) error {
	if err := m.fail; err != nil {
		m.fail = nil
		return err
	}
	i := slices.IndexFunc(m.boxes, func(h held) bool { return h.box.Header().Batch == id })
	if i < 0 {
		panic("upload took a box twice")
	}
	m.boxes = slices.Delete(m.boxes, i, i+1)
	return nil
}

func (m *memory) Sent(id envelope.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.take(id); err != nil {
		return err
	}
	m.sent = append(m.sent, id)
	return nil
}

func (m *memory) Quarantine(id envelope.ID, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.take(id); err != nil {
		return err
	}
	m.aside = append(m.aside, id)
	return nil
}

// wishes are the erasures of a test.
type wishes struct {
	mu   sync.Mutex
	due  []*pb.EraseRequest
	done []*pb.EraseResponse
	fail error
}

func (w *wishes) Pending() ([]*pb.EraseRequest, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.due), nil
}

func (w *wishes) Erased(req *pb.EraseRequest, res *pb.EraseResponse) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return w.fail
	}
	w.due = slices.DeleteFunc(w.due, func(r *pb.EraseRequest) bool { return string(r.GetId()) == string(req.GetId()) })
	w.done = append(w.done, res)
	return nil
}

func (w *wishes) want(req *pb.EraseRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = append(w.due, req)
}

func (w *wishes) answered() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.done)
}

// left, done and put look at the queue and fill it.
func (m *memory) left() int { m.mu.Lock(); defer m.mu.Unlock(); return len(m.boxes) }
func (m *memory) done() int { m.mu.Lock(); defer m.mu.Unlock(); return len(m.sent) }
func (m *memory) put(b ...envelope.Box) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range b {
		m.boxes = append(m.boxes, held{x, time.Now()})
	}
}

var sealKeys = sync.OnceValue(func() (p seal.Params) {
	for _, to := range []*hpke.PublicKey{&p.Vault, &p.Person} {
		k, err := hpke.MLKEM768X25519().GenerateKey()
		if err != nil {
			panic(err)
		}
		*to = k.PublicKey()
	}
	k, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		panic(err)
	}
	p.Custodians = []hpke.PublicKey{k.PublicKey()}
	_, p.Sign, err = ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	p.Purpose = "test"
	return p
})

// newBox seals a small box under a consent.
func newBox(t *testing.T, sequence uint64, consent byte) envelope.Box {
	t.Helper()
	p := sealKeys()
	p.Sequence, p.Consent = sequence, envelope.ID{15: consent}
	if sequence > 1 {
		p.Previous = [32]byte{1}
	}
	b, err := seal.Seal(p, nil)
	fatal(t, err)
	return b
}

func newBoxes(t *testing.T, n int) (boxes []envelope.Box) {
	t.Helper()
	for i := range n {
		boxes = append(boxes, newBox(t, uint64(i+1), 1))
	}
	return boxes
}

// running is an uploader under test.
type running struct {
	*Uploader
	queue *memory
	keys  *keystore.Store
	wish  *wishes
	stop  func()
}

// run starts an uploader with short waiting times; it is stopped when the test ends.
func run(t *testing.T, id keystore.Identity, change func(*Options, *pace)) *running {
	t.Helper()
	keys, err := keystore.Open(t.TempDir() + "/keys")
	fatal(t, err)
	return runWith(t, id, keys, change)
}

// runWith is run with a key store that there is.
func runWith(t *testing.T, id keystore.Identity, keys *keystore.Store, change func(*Options, *pace)) *running {
	t.Helper()
	q, wish := &memory{}, &wishes{}
	opt := Options{
		Identity: id, Queue: q, Stubs: keys, Erasures: wish, Own: keys, Policy: func([]byte) {}, Elsewhere: func([]*pb.Signed) error { return nil }, Hold: func() time.Duration { return 0 },
		Budget: NewBudget(keys), Log: slog.New(slog.DiscardHandler),
	}
	opt.Budget.Policy(1 << 30)
	p := pace{first: time.Millisecond, most: 20 * time.Millisecond, stall: 20 * time.Second, day: time.Hour, look: time.Second, rise: 20 * time.Millisecond}
	if change != nil {
		change(&opt, &p)
	}
	u := New(opt)
	u.pace = p
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- u.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return &running{u, q, keys, wish, stop}
}

func (r *running) send(boxes ...envelope.Box) {
	r.queue.put(boxes...)
	r.Kick()
}

// until polls a condition that another goroutine makes true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.After(3 * time.Minute)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-limit:
			t.Fatal("waited in vain for " + what)
		case <-tick.C:
		}
	}
}

func newStub(t *testing.T, consent byte, withdrawn bool) []byte {
	t.Helper()
	body, err := proto.Marshal(&pb.ConsentStub{Id: append(make([]byte, 15), consent), Withdrawn: withdrawn})
	fatal(t, err)
	b, err := proto.Marshal(&pb.Signed{Body: body, Signature: []byte("signature")})
	fatal(t, err)
	return b
}
