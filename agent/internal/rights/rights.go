package rights

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// store is the key store as rights sees it. All of it is durable when it returns.
type store interface {
	SaveErasure(id [16]byte, body []byte) error
	Erasures() (map[[16]byte][]byte, error)
	ErasureDone(id [16]byte, record []byte) error
}

// Forgotten is what lay on this computer and was destroyed.
type Forgotten struct {
	Boxes       int
	From, Until time.Time // the time that it covered
}

// Rights asks for erasures and remembers them. Make one with New.
type Rights struct {
	store store
	// forget destroys what is here of a time, or the boxes of these ids if there are any. It calls left, before it destroys the first box
	// that may have left, with their ids.
	forget forgetHere
	ledger func() ([32]byte, error) // fingerprint of the key that signs records
	hurry  func()                   // there is something to ask the collector

	mu sync.Mutex // one erasure at a time

	watch   sync.Mutex // guards what follows
	changed chan struct{}
	last    string // the newest record, as a sentence
}

type forgetHere func(from, until time.Time, only []envelope.ID, left func([]envelope.ID) error) (Forgotten, error)

// New makes the rights of a device.
func New(s store, forget forgetHere, ledger func() ([32]byte, error), hurry func()) *Rights {
	return &Rights{store: s, forget: forget, ledger: ledger, hurry: hurry, changed: make(chan struct{})}
}

// Span is what is to be forgotten: a time, or all.
type Span struct {
	From, Until time.Time
	All         bool
}

// Answer says what was done at once, and what the collector was asked for.
type Answer struct {
	Destroyed    int       `json:"destroyed"` // boxes on this computer
	From         time.Time `json:"from,omitzero"`
	Until        time.Time `json:"until,omitzero"` // a box is destroyed whole, so this may reach beyond the span
	Requested    int       `json:"requested"`      // boxes that the collector is asked to erase
	All          bool      `json:"all,omitempty"`  // it is asked for everything
	Acknowledged bool      `json:"acknowledged"`   // it has done so and signed it
	Record       string    `json:"record,omitempty"`
}

// add takes in what was done of one more time.
func (a *Answer) add(b Answer) {
	a.Destroyed, a.Requested, a.All = a.Destroyed+b.Destroyed, a.Requested+b.Requested, a.All || b.All
	if a.From.IsZero() || !b.From.IsZero() && b.From.Before(a.From) {
		a.From = b.From
	}
	if b.Until.After(a.Until) {
		a.Until = b.Until
	}
}

// intent is an erasure on disk. Without Named the ids of what had left are not known yet, and the span counts.
type intent struct {
	From  time.Time     `json:"from,omitzero"`
	Until time.Time     `json:"until,omitzero"`
	All   bool          `json:"all,omitempty"`
	Only  []envelope.ID `json:"only,omitempty"` // boxes by their ids, instead of a time
	Named bool          `json:"named,omitempty"`
	Ask   []envelope.ID `json:"ask,omitempty"` // with All: what is known to have left, at most maxAsk, to check later that it is gone
}

// asks is what the collector is to be asked for by name.
func (in intent) asks() []envelope.ID {
	if in.All {
		return nil
	}
	return in.Ask
}

// maxAsk is how many boxes one request names.
const maxAsk = 10_000

// everything is a time that all boxes lie in.
var everything = Span{From: time.Unix(0, 0), Until: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), All: true}

// Forget destroys what is here, notes what the collector is to be asked for, and waits for its word until ctx ends. After an error
// it says what is left; what was noted is asked for all the same.
func (r *Rights) Forget(ctx context.Context, spans ...Span) (Answer, error) {
	var ins []intent
	for _, sp := range spans {
		if sp.All {
			sp = everything
		}
		if sp.From.IsZero() || sp.Until.Before(sp.From) {
			return Answer{}, errors.New("the time to forget ends before it begins")
		}
		ins = append(ins, intent{From: sp.From, Until: sp.Until, All: sp.All})
	}
	return r.forgetNow(ctx, ins...)
}

// ForgetBoxes is Forget for boxes by their ids, here or not. The collector is asked for those that may have left.
func (r *Rights) ForgetBoxes(ctx context.Context, ids []envelope.ID) (Answer, error) {
	if len(ids) == 0 {
		return Answer{}, errors.New("no box is named")
	}
	return r.forgetNow(ctx, intent{Only: ids})
}

func (r *Rights) forgetNow(ctx context.Context, ins ...intent) (done Answer, err error) {
	changed := r.watching() // before anything is asked, so that no answer is missed
	var asked [][16]byte
	for _, in := range ins {
		a, ask, err := r.begin(in)
		done.add(a)
		if err != nil {
			return done, err
		}
		asked = append(asked, ask...)
	}
	if len(asked) == 0 {
		return done, nil
	}
	r.hurry()
	return r.await(ctx, done, asked, changed)
}

// Note makes durable that the collector is to be asked to erase these boxes, of which nothing is here any more. It may be called
// while boxes are being destroyed.
func (r *Rights) Note(ids []envelope.ID) error {
	return r.save(newID(), intent{Only: ids, Named: true, Ask: ids})
}

// begin is an erasure up to where it waits for the collector; asked are the ids of the requests.
func (r *Rights) begin(in intent) (a Answer, asked [][16]byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := newID()
	// On a full disk nothing can be noted until what never left is destroyed, which needs no note and makes room; then it is noted
	// after all, or what may have left stays.
	full := r.save(id, in)
	a, asked, err = r.carryOut(id, in)
	if err != nil && full != nil {
		err = fmt.Errorf("%w; only what had not left this computer was destroyed: make room on the disk and forget again", err)
	}
	return a, asked, err
}

// carryOut destroys what is here of an intent and names what had left. It can be repeated.
func (r *Rights) carryOut(id [16]byte, in intent) (a Answer, asked [][16]byte, err error) {
	var ids []envelope.ID
	f, err := r.forget(in.From, in.Until, in.Only, func(left []envelope.ID) error {
		ids = left
		var err error
		asked, err = r.name(id, in, left)
		return err
	})
	a = Answer{Destroyed: f.Boxes, From: f.From, Until: f.Until, Requested: len(ids), All: in.All}
	if err == nil && len(asked) == 0 {
		if in.All { // copies here may be fewer than what was sent
			asked, err = r.name(id, in, nil)
		} else if len(in.Ask) == 0 {
			err = r.store.ErasureDone(id, nil)
		}
	}
	return a, asked, err
}

// name makes durable what the collector is to be asked for.
func (r *Rights) name(id [16]byte, in intent, left []envelope.ID) (asked [][16]byte, err error) {
	in.Named = true
	if in.All {
		in.Ask = append(in.Ask, left[:min(maxAsk-len(in.Ask), len(left))]...)
		return [][16]byte{id}, r.save(id, in)
	}
	ask := append(slices.Clone(in.Ask), without(left, in.Ask)...) // each start finds again what it found before
	for i := maxAsk; i < len(ask); i += maxAsk {                  // the later parts first: until the last write the span itself stands
		more, part := newID(), intent{From: in.From, Until: in.Until, Named: true, Ask: ask[i:min(i+maxAsk, len(ask))]}
		if in.Only != nil {
			part.Only, in.Only = part.Ask, without(in.Only, part.Ask)
		}
		if err := r.save(more, part); err != nil {
			return nil, err
		}
		asked = append(asked, more)
	}
	in.Ask = ask[:min(maxAsk, len(ask))]
	return append(asked, id), r.save(id, in)
}

// without is the ids that others lacks.
func without(ids, others []envelope.ID) []envelope.ID {
	drop := make(map[envelope.ID]bool, len(others))
	for _, id := range others {
		drop[id] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id envelope.ID) bool { return drop[id] })
}

// Resume carries out what a crash cut short: it destroys again what is here. Call it before anything is sent.
func (r *Rights) Resume() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, err := r.load()
	if err != nil {
		return err
	}
	var errs []error
	for id, in := range all {
		if in.Named && in.All {
			continue // what was recorded since is not meant
		}
		_, _, err := r.carryOut(id, in)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Pending is what the collector is to be asked for.
func (r *Rights) Pending() ([]*pb.EraseRequest, error) {
	all, err := r.load()
	if err != nil {
		return nil, err
	}
	var out []*pb.EraseRequest
	for _, id := range slices.SortedFunc(maps.Keys(all), func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) }) {
		in := all[id]
		if !in.Named {
			continue
		}
		req := &pb.EraseRequest{Id: id[:], All: in.All}
		for _, b := range in.asks() {
			req.Batches = append(req.Batches, b[:])
		}
		out = append(out, req)
	}
	return out, nil
}

// Erased takes the collector's answer. Only a record that its pinned key signed, about this very erasure, ends it.
func (r *Rights) Erased(req *pb.EraseRequest, res *pb.EraseResponse) error {
	ledger, err := r.ledger()
	if err != nil {
		return err
	}
	m, err := erasure.Verify(res, ledger, req.GetId())
	if err != nil {
		return err
	}
	if m.GetAll() != req.GetAll() || !req.GetAll() && [32]byte(m.GetBatchesSha256()) != erasure.Digest(req.GetBatches()) {
		return erasure.ErrRecord
	}
	all, err := r.load()
	if err != nil {
		return err
	}
	res.Kept = nil
	for _, b := range all[[16]byte(req.GetId())].Ask {
		res.Kept = append(res.Kept, b[:])
	}
	signed, err := proto.Marshal(res)
	if err != nil {
		return fmt.Errorf("keep the record of an erasure: %w", err)
	}
	if err := r.store.ErasureDone([16]byte(req.GetId()), signed); err != nil {
		return err
	}
	r.tell(erasure.Sentence(m))
	return nil
}

func (r *Rights) save(id [16]byte, in intent) error {
	b, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("note an erasure: %w", err)
	}
	return r.store.SaveErasure(id, b)
}

// load reads the intents; one that cannot be read is an error, because nobody may think that it was done.
func (r *Rights) load() (map[[16]byte]intent, error) {
	files, err := r.store.Erasures()
	if err != nil {
		return nil, err
	}
	out := map[[16]byte]intent{}
	for id, b := range files {
		var in intent
		if err := json.Unmarshal(b, &in); err != nil {
			return nil, fmt.Errorf("what erasure-%x.due asks for is damaged: forget the time again and remove the file", id)
		}
		out[id] = in
	}
	return out, nil
}

func newID() (id [16]byte) {
	rand.Read(id[:]) // never fails: it ends the program rather than giving weak bytes
	return id
}
