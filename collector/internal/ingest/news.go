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
// then does is its own affair.

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

// newsFor is what a device should know. shuts tells that its boxes wait until it does.
func (in *Ingest) newsFor(ctx context.Context, subject, device store.ID) (n *pb.News, shuts bool, err error) {
	withdrawn, err := in.store.Withdrawn(ctx, subject, device, mostNews)
	if err != nil {
		return nil, false, err
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
		n.Withdrawn = append(n.Withdrawn, &signed)
	}
	n.Mark = mark.Sum(nil)
	return n, len(n.GetWithdrawn()) > 0, nil
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
	news, shuts, err := u.in.newsFor(ctx, u.who.Subject, u.device)
	if err != nil {
		return u.in.trouble(err)
	}
	knows := bytes.Equal(heard, news.GetMark())
	if shuts && !knows {
		u.shut.Store(true)
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

// tell sends what is new since the last time.
func (u *upload) tell() error {
	if !u.listens.Load() {
		return nil
	}
	var news *pb.News
	var err error
	u.in.desk.do(func() { news, _, err = u.in.newsFor(u.stream.Context(), u.who.Subject, u.device) })
	if err != nil {
		u.in.log.Error("the store cannot be asked", "error", err)
		return nil // it is told with the next stream
	}
	if told := u.told.Load(); told != nil && bytes.Equal(*told, news.GetMark()) {
		return nil
	}
	mark := news.GetMark()
	u.told.Store(&mark)
	return u.stream.Send(&pb.UploadResponse{News: news, CreditBytes: u.in.credit()})
}
