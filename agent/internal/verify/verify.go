package verify

// A check, in the order of the code below and of things.go:
//
//	1 ledger    its checkpoint is signed by the pinned key, and it only grew since it was seen last; else nothing below means anything
//	2 list      what the collector says that it holds of the person
//	3 consents  each stub and withdrawal that it acknowledged has its leaf
//	4 boxes     each box that it acknowledged is still there or was erased, unchanged; each that it lists has its leaf
//	5 erasures  each record has its leaf, and what it says to be destroyed is neither listed nor given back
//	6 reads     each export of which it says that it took boxes of the person stands in the ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
)

// due is when a leaf must stand in the ledger: lots come each hour, a small collector may be some lots behind.
const due = 48 * time.Hour

// Records is what the person has of their own. The zero Records are those of a machine on which there is nothing but the receipt.
type Records struct {
	Secret   tlog.Secret
	Ledger   [32]byte // fingerprint of its key
	Seen     tlog.Checkpoint
	Peer     tlog.Checkpoint // that somebody else saw; zero: nobody's
	Device   []byte
	Consents []Paper       // stubs and withdrawals that the collector acknowledged
	Boxes    []Box         // that it acknowledged and whose copies are here
	Listed   []Box         // that the collector listed when everything fitted last; only Batch, At, which is when, and Hour
	Kept     time.Duration // the shortest time for which a policy of theirs keeps boxes; 0: not known
	Erasures []*pb.EraseResponse
}

// Paper is something signed, and when the collector acknowledged it.
type Paper struct {
	Signed *pb.Signed
	At     time.Time
}

// Box is a copy of a box that was sent.
type Box struct {
	Batch    [16]byte
	Sequence uint64
	Digest   [32]byte
	At       time.Time // when it was sealed, at the latest; of one that was listed, when
	Hour     time.Time // in which it arrived, of one that was listed; zero: not known
}

// Collector is what is asked of the collector.
type Collector interface {
	Ledger() tlog.Remote
	Mine(ctx context.Context) (*pb.MineResponse, error)
	Fetch(ctx context.Context, batches [][]byte, take func(*pb.FetchResponse) error) error
	Explain(err error) error
}

// Report is what a check found. All of it is sentences but for the counts.
type Report struct {
	OK       bool     `json:"ok"`
	Wrong    []string `json:"wrong"`
	Proved   []string `json:"proved"`
	Waiting  []string `json:"waiting"` // not in the ledger yet, and not due
	Reads    []Read   `json:"reads"`
	Others   int      `json:"other_exports"` // that hold nothing of the person, says the collector
	Leaves   uint64   `json:"ledger_leaves"`
	Notes    []string `json:"notes"`
	Evidence []string `json:"evidence,omitempty"` // two signed checkpoints that contradict each other

	Listed []Box `json:"-"` // boxes of this computer that the collector lists now
}

// Read is one export that took boxes of the person, as the public ledger tells it.
type Read struct {
	Export    string    `json:"export"`
	Custodian string    `json:"custodian"`
	Purpose   string    `json:"purpose"`
	Hour      time.Time `json:"hour"`  // in which it was released
	Boxes     uint64    `json:"boxes"` // of this person, without those erased since; the collector says so
	Words     string    `json:"words"`
	Proved    bool      `json:"proved"` // its leaf stands in the ledger
}

// check is one run.
type check struct {
	Records
	from Collector
	now  time.Time
	step func(done, of int)

	at    tlog.Checkpoint
	key   []byte
	tree  *tlog.Tree
	mine  *pb.MineResponse
	asked map[string]bool // batches of erasures that were signed
	rep   Report
}

// Run checks everything. Seen is the checkpoint to keep, with the key that signed it; after a lie it is the one from before. An error is
// trouble on the way: nothing was found out.
func Run(ctx context.Context, r Records, from Collector, now time.Time, step func(done, of int)) (rep Report, seen tlog.Checkpoint, key []byte, err error) {
	c := &check{Records: r, from: from, now: now, step: step, asked: map[string]bool{}}
	if err := c.run(ctx, c.ledger, c.list, c.consents, c.boxes, c.erasures, c.reads); err != nil {
		return Report{}, r.Seen, nil, err
	}
	return c.rep, c.at, c.key, nil
}

// Reads is steps 1, 2 and 6 alone: which exports took boxes of the person. Wrong says what does not fit.
func Reads(ctx context.Context, r Records, from Collector) (reads []Read, wrong []string, err error) {
	c := &check{Records: r, from: from, step: func(int, int) {}}
	err = c.run(ctx, c.ledger, c.list, c.reads)
	return c.rep.Reads, c.rep.Wrong, err
}

func (c *check) run(ctx context.Context, stages ...func(context.Context) error) error {
	for _, stage := range stages {
		err := stage(ctx)
		switch {
		case err == nil:
			continue
		case errors.Is(err, errStop):
		case errors.Is(err, tlog.ErrBroken):
			c.wrong("The ledger's own files do not fit its checkpoint: parts are cut off or changed, and nothing can be proved.")
		case errors.Is(err, tlog.ErrAbsent), errors.Is(err, tlog.ErrRelease):
			c.wrong("The collector names a place in the ledger for an export, and no export stands there.")
		default:
			return c.from.Explain(err)
		}
		break
	}
	c.rep.OK = len(c.rep.Wrong) == 0
	return nil
}

// errStop means that what follows would mean nothing.
var errStop = errors.New("stop")

func (c *check) wrong(format string, args ...any) {
	c.rep.Wrong = append(c.rep.Wrong, fmt.Sprintf(format, args...))
}

func (c *check) proved(format string, args ...any) {
	c.rep.Proved = append(c.rep.Proved, fmt.Sprintf(format, args...))
}

func (c *check) note(format string, args ...any) {
	c.rep.Notes = append(c.rep.Notes, fmt.Sprintf(format, args...))
}

// ledger is step 1.
func (c *check) ledger(ctx context.Context) error {
	at, key, err := tlog.FetchWithKey(ctx, c.from.Ledger(), c.Ledger, c.Seen)
	switch {
	case errors.Is(err, tlog.ErrKey):
		c.wrong("The ledger is not signed by the key that you enrolled with. Whoever answers shows you another ledger.")
	case errors.Is(err, tlog.ErrRolledBack):
		c.wrong("The ledger was rolled back: you saw %s in it, now it has %d.", policy.Count(c.Seen.Size, "entry"), at.Size)
	case errors.Is(err, tlog.ErrForked):
		c.wrong("The ledger was forked or rewritten: its %s do not continue the %d that you saw before.", policy.Count(at.Size, "entry"), c.Seen.Size)
	case err != nil:
		return err
	default:
		c.at, c.key, c.tree, c.rep.Leaves = at, key, tlog.NewTree(c.from.Ledger(), at), at.Size
		if c.Seen.Size > 0 {
			c.proved("The ledger only grew since you last looked: from %s to %d.", policy.Count(c.Seen.Size, "entry"), at.Size)
		} else {
			c.proved("The ledger is signed by the key that you enrolled with; it has %s. You look at it for the first time.", policy.Count(at.Size, "entry"))
		}
		return c.peer(ctx)
	}
	if len(at.Signed()) > 0 && c.Seen.Size > 0 {
		c.rep.Evidence = []string{string(c.Seen.Signed()), string(at.Signed())}
	}
	c.at = c.Seen
	return errStop
}

// peer compares with what somebody else was shown.
func (c *check) peer(ctx context.Context) error {
	if c.Peer.Size == 0 {
		return nil
	}
	at, err := tlog.Fetch(ctx, c.from.Ledger(), c.Ledger, c.Peer)
	switch {
	case errors.Is(err, tlog.ErrRolledBack), errors.Is(err, tlog.ErrForked):
		c.wrong("You are shown another ledger than the other person: theirs of %s does not fit yours of %d.", policy.Count(c.Peer.Size, "entry"), at.Size)
		c.rep.Evidence = []string{string(c.Peer.Signed()), string(at.Signed())}
		return errStop
	case err != nil:
		return err
	}
	c.proved("The ledger continues the %s that the other person was shown.", policy.Count(c.Peer.Size, "entry"))
	return nil
}

// list is step 2.
func (c *check) list(ctx context.Context) (err error) {
	c.mine, err = c.from.Mine(ctx)
	return err
}

// want is one leaf that must stand in the ledger.
type want struct {
	leaf  [32]byte
	since time.Time // when it began to wait; zero: nobody knows
	words string    // what it is of
}

// prove looks for leaves and proves each, and says which are not there. all says in words what they are of.
func (c *check) prove(ctx context.Context, wants []want, all string) error {
	if len(wants) == 0 {
		return nil
	}
	leaves := make([][32]byte, len(wants))
	for i, w := range wants {
		leaves[i] = w.leaf
	}
	places, err := c.from.Ledger().Find(ctx, leaves)
	if err != nil {
		return err
	}
	order := make([]int, len(wants))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(places[a] - places[b]) })
	good, waiting := 0, 0
	for n, i := range order {
		err := tlog.ErrAbsent
		if places[i] >= 0 {
			err = c.tree.Includes(ctx, uint64(places[i]), wants[i].leaf[:])
		}
		switch {
		case err == nil:
			good++
		case !errors.Is(err, tlog.ErrAbsent):
			return err
		case wants[i].since.IsZero() || c.now.Sub(wants[i].since) > due:
			c.wrong("The leaf of %s is missing from the ledger; it has been due for long.", wants[i].words)
		default:
			waiting++
		}
		c.step(n+1, len(wants))
	}
	if good > 0 {
		c.proved("%s: %d proved in the ledger.", all, good)
	}
	if waiting > 0 {
		c.rep.Waiting = append(c.rep.Waiting, fmt.Sprintf("%s: %d not in the ledger yet, which takes some within an hour and all within two days.", all, waiting))
	}
	return nil
}

func short(id []byte) string { return fmt.Sprintf("%x", id[:min(4, len(id))]) }
