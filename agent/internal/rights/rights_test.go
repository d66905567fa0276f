package rights

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shelf is a key store in memory; it fails after left writes, if left is not negative.
type shelf struct {
	mu      sync.Mutex
	due     map[[16]byte][]byte
	records map[[16]byte][]byte
	left    int
	full    bool // until something is destroyed
}

var errFull = errors.New("the disk is full")

func newShelf() *shelf {
	return &shelf{due: map[[16]byte][]byte{}, records: map[[16]byte][]byte{}, left: -1}
}

func (s *shelf) write() error {
	if s.left == 0 || s.full {
		return errFull
	}
	s.left--
	return nil
}

func (s *shelf) SaveErasure(id [16]byte, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(); err != nil {
		return err
	}
	s.due[id] = body
	return nil
}

func (s *shelf) Erasures() (map[[16]byte][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.due), nil
}

func (s *shelf) ErasureDone(id [16]byte, record []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(); err != nil {
		return err
	}
	if record != nil {
		s.records[id] = record
	}
	delete(s.due, id)
	return nil
}

// box is one of a device under test; left says that it may have left.
type box struct {
	at   time.Time
	left bool
}

// device is a spool in memory.
type device struct {
	*shelf
	*Rights
	boxes   map[envelope.ID]box
	key     ed25519.PrivateKey
	hurried int
}

func newDevice(t *testing.T) *device {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	must(t, err)
	d := &device{shelf: newShelf(), boxes: map[envelope.ID]box{}, key: key}
	d.restart()
	return d
}

func (d *device) restart() {
	fp := sha256.Sum256(d.key.Public().(ed25519.PublicKey))
	d.Rights = New(d.shelf, d.forget, func() ([32]byte, error) { return fp, nil }, func() { d.hurried++ })
}

func (d *device) forget(from, until time.Time, only []envelope.ID, left func([]envelope.ID) error) (f Forgotten, err error) {
	var ids []envelope.ID
	meant := func(id envelope.ID, b box) bool {
		if len(only) > 0 {
			return slices.Contains(only, id)
		}
		return !b.at.Before(from) && !b.at.After(until)
	}
	maps.DeleteFunc(d.boxes, func(id envelope.ID, b box) bool {
		gone := meant(id, b) && !b.left
		if gone {
			f.Boxes++
			d.full = false
		}
		return gone
	})
	for id, b := range d.boxes {
		if meant(id, b) && b.left {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		err = left(ids)
	}
	maps.DeleteFunc(d.boxes, func(id envelope.ID, b box) bool {
		gone := meant(id, b) && (err == nil || !b.left)
		if gone {
			f.Boxes++
		}
		return gone
	})
	return f, err
}

// TestForgetBoxesByName: boxes that are named go, those that had left are asked for, and what is only noted is asked for, too.
func TestForgetBoxesByName(t *testing.T) {
	d := newDevice(t)
	d.fill()
	a, err := d.ForgetBoxes(ended(), []envelope.ID{{2}, {9}})
	must(t, err)
	if a.Destroyed != 2 || a.Requested != 1 || len(d.boxes) != 8 {
		t.Errorf("%+v", a)
	}
	must(t, d.Note([]envelope.ID{{77}}))
	d.restart()
	must(t, d.Resume())
	pending, err := d.Pending()
	must(t, err)
	asked := map[string]bool{}
	for _, req := range pending {
		for _, b := range req.GetBatches() {
			asked[string(b)] = true
		}
		must(t, d.Erased(req, d.answer(t, req, nil)))
	}
	if one, two := (envelope.ID{2}), (envelope.ID{77}); len(asked) != 2 || !asked[string(one[:])] || !asked[string(two[:])] {
		t.Errorf("asked for %d", len(asked))
	}
	if len(d.boxes) != 8 {
		t.Error("another box went along")
	}
	if _, err := d.ForgetBoxes(ended(), nil); err == nil {
		t.Error("nothing is named, and everything may go")
	}
}

// answer is what an honest collector says.
func (d *device) answer(t *testing.T, req *pb.EraseRequest, change func(*pb.ErasureRecord)) *pb.EraseResponse {
	t.Helper()
	digest := erasure.Digest(req.GetBatches())
	m := &pb.ErasureRecord{Id: req.GetId(), All: req.GetAll(), Boxes: uint64(len(req.GetBatches())), BatchesSha256: digest[:], DestroyedAt: 1, ReplacedAt: 2}
	if change != nil {
		change(m)
	}
	signed, err := erasure.Sign(m, d.key)
	must(t, err)
	return &pb.EraseResponse{Record: signed, LedgerKey: d.key.Public().(ed25519.PublicKey)}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func span(from, until int) Span {
	return Span{From: noon.Add(time.Duration(from) * time.Minute), Until: noon.Add(time.Duration(until) * time.Minute)}
}

func (d *device) fill() {
	for i := range 10 {
		d.boxes[envelope.ID{byte(i + 1)}] = box{at: noon.Add(time.Duration(i) * time.Minute), left: i < 5}
	}
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestForgetAsksForWhatLeftAndForNothingElse.
func TestForgetAsksForWhatLeftAndForNothingElse(t *testing.T) {
	d := newDevice(t)
	d.fill()
	a, err := d.Forget(ended(), span(3, 7))
	must(t, err)
	if a.Destroyed != 5 || a.Requested != 2 || a.Acknowledged || d.hurried != 1 || len(d.boxes) != 5 {
		t.Fatalf("%+v", a)
	}
	pending, err := d.Pending()
	must(t, err)
	if len(pending) != 1 || pending[0].GetAll() || len(pending[0].GetBatches()) != 2 {
		t.Fatalf("%v", pending)
	}
	a, err = d.Forget(ended(), span(8, 9))
	must(t, err)
	if a.Destroyed != 2 || a.Requested != 0 || len(d.due) != 1 {
		t.Fatalf("the collector is told of boxes that never left: %+v", a)
	}
	if _, err := d.Forget(ended(), span(2, 1)); err == nil {
		t.Fatal("a span that ends before it begins")
	}
}

// TestForgetWaitsForTheRecord: the answer comes with the collector's word, which stays on this computer.
func TestForgetWaitsForTheRecord(t *testing.T) {
	d := newDevice(t)
	d.fill()
	got := make(chan Answer, 1)
	asked := make(chan struct{})
	d.hurry = func() { close(asked) }
	go func() {
		a, err := d.Forget(context.Background(), span(0, 9))
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	<-asked
	pending, err := d.Pending()
	must(t, err)
	must(t, d.Erased(pending[0], d.answer(t, pending[0], nil)))
	if a := <-got; !a.Acknowledged || a.Record == "" || a.Requested != 5 {
		t.Fatalf("%+v", a)
	}
	if len(d.due) != 0 || len(d.records) != 1 {
		t.Fatalf("%d due, %d records", len(d.due), len(d.records))
	}
}

// TestOnlyTheCollectorsWordEndsAnErasure.
func TestOnlyTheCollectorsWordEndsAnErasure(t *testing.T) {
	d := newDevice(t)
	d.fill()
	_, err := d.Forget(ended(), span(0, 9))
	must(t, err)
	pending, err := d.Pending()
	must(t, err)
	req := pending[0]
	_, stranger, err := ed25519.GenerateKey(nil)
	must(t, err)
	forged := d.answer(t, req, nil)
	forged.LedgerKey = stranger.Public().(ed25519.PublicKey)
	torn := d.answer(t, req, nil)
	torn.Record.Signature[0] ^= 1
	for name, res := range map[string]*pb.EraseResponse{
		"nothing":            {},
		"another's key":      forged,
		"a torn signature":   torn,
		"another erasure":    d.answer(t, req, func(m *pb.ErasureRecord) { m.Id = make([]byte, 16) }),
		"other boxes":        d.answer(t, req, func(m *pb.ErasureRecord) { m.BatchesSha256[0] ^= 1 }),
		"no boxes":           d.answer(t, req, func(m *pb.ErasureRecord) { m.BatchesSha256 = nil }),
		"all in their place": d.answer(t, req, func(m *pb.ErasureRecord) { m.All = true }),
	} {
		if err := d.Erased(req, res); !errors.Is(err, erasure.ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(d.due) != 1 || len(d.records) != 0 {
		t.Fatal("it counts as erased")
	}
	must(t, d.Erased(req, d.answer(t, req, nil)))
}

// TestForgetSurvivesDeath ends the device at every write: after a restart everything of the span is gone here and asked for.
func TestForgetSurvivesDeath(t *testing.T) {
	for n := 0; ; n++ {
		d := newDevice(t)
		d.fill()
		d.left = n
		_, err := d.Forget(ended(), span(3, 7))
		if err == nil {
			if n < 2 {
				t.Fatalf("only %d writes", n)
			}
			return
		}
		d.left = -1
		d.restart()
		must(t, d.Resume())
		pending, perr := d.Pending()
		must(t, perr)
		if n == 0 {
			if len(d.boxes) != 7 || len(pending) != 0 { // what never left needs no note
				t.Fatal("what may have left was destroyed before it was noted")
			}
			continue
		}
		if len(d.boxes) != 5 || len(pending) != 1 || len(pending[0].GetBatches()) != 2 {
			t.Fatalf("death at %d: %d boxes stay, asked for %v", n, len(d.boxes), pending)
		}
	}
}

// TestForgetOnAFullDisk: destroying what never left makes the room in which the rest is noted.
func TestForgetOnAFullDisk(t *testing.T) {
	d := newDevice(t)
	d.fill()
	d.full = true
	a, err := d.Forget(ended(), span(3, 7))
	must(t, err)
	pending, err := d.Pending()
	must(t, err)
	if a.Destroyed != 5 || len(pending) != 1 || len(pending[0].GetBatches()) != 2 {
		t.Fatalf("%+v %v", a, pending)
	}
}

// TestForgetAll asks for everything, also for what has no copy here, and once only.
func TestForgetAll(t *testing.T) {
	d := newDevice(t)
	a, err := d.Forget(ended(), Span{All: true})
	must(t, err)
	pending, err := d.Pending()
	must(t, err)
	if !a.All || len(pending) != 1 || !pending[0].GetAll() || len(pending[0].GetBatches()) != 0 {
		t.Fatalf("%+v %v", a, pending)
	}
	d.fill() // recorded since
	d.restart()
	must(t, d.Resume())
	if len(d.boxes) != 10 {
		t.Fatal("a restart destroyed what was recorded after everything was forgotten")
	}
}

// TestLongListsAreSplit: no request names more than a collector takes, and none is lost.
func TestLongListsAreSplit(t *testing.T) {
	d := newDevice(t)
	for i := range 2*maxAsk + 5 {
		d.boxes[envelope.ID{byte(i), byte(i >> 8), byte(i >> 16), 1}] = box{at: noon, left: true}
	}
	a, err := d.Forget(ended(), span(0, 1))
	must(t, err)
	pending, err := d.Pending()
	must(t, err)
	seen := map[string]bool{}
	for _, req := range pending {
		if len(req.GetBatches()) > maxAsk {
			t.Fatalf("%d in one request", len(req.GetBatches()))
		}
		for _, b := range req.GetBatches() {
			seen[string(b)] = true
		}
	}
	if len(pending) != 3 || len(seen) != 2*maxAsk+5 || a.Requested != len(seen) {
		t.Fatalf("%d requests name %d boxes", len(pending), len(seen))
	}
}
