package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"sync"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// News go down every open stream as they come, and to whoever opens one later: a new policy, and that a person withdrew on another of their
// devices. From the answer to that withdrawal on, no box of their other devices is taken before that device says that it heard of it; what it
// then does is its own affair. Where several collectors share a store, one that took no withdrawal itself is told of it a moment later by the
// store, and looks; while it could not be told, it takes no box.

const (
	markSize   = sha256.Size
	markDomain = "byleave news v1\x00"
	mostNews   = 1000 // withdrawals
)

// listeners are the open streams by their person.
type listeners struct {
	mu sync.Mutex // guards of
	of map[store.ID]map[*upload]bool
}

func (l *listeners) enter(u *upload) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[u.who.Subject] == nil {
		l.of[u.who.Subject] = map[*upload]bool{}
	}
	l.of[u.who.Subject][u] = true
}

func (l *listeners) leave(u *upload) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of[u.who.Subject], u)
	if len(l.of[u.who.Subject]) == 0 {
		delete(l.of, u.who.Subject)
	}
}

// withdrew shuts every stream of the person's other devices until they have heard.
func (l *listeners) withdrew(subject, device store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for u := range l.of[subject] {
		if u.device != device {
			u.shut.Store(true)
			u.stir()
		}
	}
}

// doubt keeps the boxes of a person's streams back until each has looked for withdrawals.
func (l *listeners) doubt(subject store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for u := range l.of[subject] {
		u.doubts.Add(1)
		u.stir()
	}
}

// doubtAll is doubt for everybody.
func (l *listeners) doubtAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, streams := range l.of {
		for u := range streams {
			u.doubts.Add(1)
			u.stir()
		}
	}
}

// all stirs every stream.
func (l *listeners) all() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, streams := range l.of {
		for u := range streams {
			u.stir()
		}
	}
}

// Deaf says that from now on this collector may not be told what others take. It takes no box until it hears again.
func (in *Ingest) Deaf() { in.deaf.Store(true) }

// Hears says that from now on it is told everything. What came before is looked up.
func (in *Ingest) Hears() {
	in.listeners.doubtAll()
	in.deaf.Store(false)
}

// Withdrew says that a person withdrew somewhere.
func (in *Ingest) Withdrew(subject store.ID) {
	in.pieces.forget(subject)
	in.listeners.doubt(subject)
}

// Published hands over a policy that another collector published.
func (in *Ingest) Published(signed []byte) {
	if err := in.policy.Offer(signed); err != nil {
		in.log.Error("a policy that another collector published is refused; the last one stays", "error", err)
	}
}

// withdrawals names a set of withdrawals; the zero one is none.
type withdrawals [sha256.Size]byte

// newsFor is what a device should know. While it does not know of what the person withdrew, its boxes wait.
func (in *Ingest) newsFor(ctx context.Context, subject, device store.ID) (n *pb.News, w withdrawals, err error) {
	withdrawn, err := in.store.Withdrawn(ctx, subject, device, mostNews)
	if err != nil {
		return nil, w, err
	}
	signed, digest := in.policy.newest()
	n = &pb.News{Policy: signed}
	mark := sha256.New()
	mark.Write([]byte(markDomain))
	mark.Write(digest[:])
	for _, raw := range withdrawn {
		var signed pb.Signed
		var stub pb.ConsentStub
		if proto.Unmarshal(raw, &signed) != nil || proto.Unmarshal(signed.GetBody(), &stub) != nil || len(stub.GetWord()) == 0 {
			continue // from before there were words: no device could believe it
		}
		sum := sha256.Sum256(raw)
		mark.Write(sum[:])
		w = sha256.Sum256(append(w[:], sum[:]...))
		n.Withdrawn = append(n.Withdrawn, &signed)
	}
	n.Mark = mark.Sum(nil)
	return n, w, nil
}

// begin looks at what the device says it heard, before its first box is taken; it is done at the desk. Whoever says nothing is from before there were news, and gets
// none.
func (u *upload) begin(heard []byte) error {
	ctx := u.stream.Context()
	who, err := u.in.store.Standing(ctx, u.device, store.ID{})
	if err != nil {
		return u.in.trouble(err)
	}
	if u.who = who; !who.Enrolled {
		return nil // each box is answered with that
	}
	u.in.listeners.enter(u)
	news, withdrawn, err := u.in.newsFor(ctx, u.who.Subject, u.device)
	if err != nil {
		return u.in.trouble(err)
	}
	knows := bytes.Equal(heard, news.GetMark())
	if withdrawn != (withdrawals{}) && !knows {
		u.shut.Store(true)
	}
	if u.withdrawn.Store(&withdrawn); u.doubts.Load() > 0 {
		u.stir()
	}
	if len(heard) != markSize {
		return nil
	}
	u.listens.Store(true)
	if knows {
		u.told.Store(&heard)
		return nil
	}
	u.stir()
	return nil
}

// stir lets answer look for news. It never blocks.
func (u *upload) stir() {
	select {
	case u.stirred <- struct{}{}:
	default:
	}
}

// tellFirst sends what is new, if somebody said so: a device that is answered knows of it.
func (u *upload) tellFirst() error {
	select {
	case <-u.stirred:
		return u.tell()
	default:
		return nil
	}
}

// open tells whether a box may be taken now. What settles a doubt shuts the stream first.
func (u *upload) open() bool {
	return !u.in.deaf.Load() && u.doubts.Load() == u.settled.Load() && !u.shut.Load()
}

// tell sends what is new since the last time, and settles doubts. If those cannot be settled, the stream ends: the next one asks anew.
func (u *upload) tell() error {
	began, doubts := u.withdrawn.Load(), u.doubts.Load()
	doubted := doubts != u.settled.Load()
	if began == nil || !u.listens.Load() && !doubted { // begin stirs again
		return nil
	}
	var news *pb.News
	var withdrawn withdrawals
	var err error
	u.in.desk.do(func() { news, withdrawn, err = u.in.newsFor(u.stream.Context(), u.who.Subject, u.device) })
	if err != nil && doubted {
		return u.in.trouble(err)
	}
	if err != nil {
		u.in.log.Error("the store cannot be asked", "error", err)
		return nil // it is told with the next stream
	}
	if *began != withdrawn {
		u.shut.Store(true)
	}
	u.settled.Store(doubts)
	if told := u.told.Load(); !u.listens.Load() || told != nil && bytes.Equal(*told, news.GetMark()) {
		return nil
	}
	mark := news.GetMark()
	u.told.Store(&mark)
	return u.stream.Send(&pb.UploadResponse{News: news, CreditBytes: u.in.credit()})
}
