package export

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"google.golang.org/grpc/status"
)

// Seen is the file in which the newest checkpoint that a custodian saw is kept, as the ledger signed it.
type Seen string

// SeenBeside is the file beside a key file.
func SeenBeside(keyFile string) Seen { return Seen(keyFile + ".ledger") }

// seenJSON is a Seen on disk.
type seenJSON struct {
	Key  []byte `json:"key"`  // Ed25519
	Note string `json:"note"` // signed
}

// load reads what was seen. A file that is damaged is an error: without it nobody could tell that the past was rewritten.
func (s Seen) load(ledger [32]byte) (tlog.Checkpoint, error) {
	b, err := os.ReadFile(string(s))
	if errors.Is(err, fs.ErrNotExist) {
		return tlog.Checkpoint{}, nil
	}
	if err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("read what was seen of the ledger: %w", err)
	}
	var j seenJSON
	if json.Unmarshal(b, &j) != nil {
		return tlog.Checkpoint{}, fmt.Errorf("%s is damaged; it kept what you saw of the ledger last: restore it from a copy, or remove it if you have none", string(s))
	}
	at, err := tlog.Parse([]byte(j.Note), j.Key, ledger)
	if err != nil {
		return at, fmt.Errorf("%s is of another ledger; remove it if you enrolled with another collector", string(s))
	}
	return at, nil
}

func (s Seen) save(at tlog.Checkpoint, key []byte) error {
	b, err := json.MarshalIndent(seenJSON{key, string(at.Signed())}, "", "  ")
	if err != nil {
		return fmt.Errorf("keep what was seen of the ledger: %w", err)
	}
	return writeFile(string(s), append(b, '\n'))
}

// told is what a proved leaf tells of a release, as far as it can be counted.
type told struct {
	leaf   tlog.Release
	boxes  uint64
	people map[string]bool
}

// ErrUnproved means that a release does not stand in the public ledger, so that nothing of it was opened.
var ErrUnproved = errors.New("nothing was opened")

// proveRelease checks the first answer of a release: its leaf says what was asked for, and stands in a ledger that its key signed and
// that only grew since this custodian looked last.
func (c *Client) proveRelease(ctx context.Context, q Query, id [16]byte, first *pb.ReleaseResponse) (*told, error) {
	if len(first.GetBox()) > 0 || len(first.GetHalf()) > 0 {
		return nil, fmt.Errorf("the collector released a box before its leaf: %w; tell the persons' representatives", ErrUnproved)
	}
	leaf, err := tlog.ParseRelease(first.GetLeaf())
	if err != nil || leaf.Export != hex.EncodeToString(id[:]) || leaf.Custodian != c.name || leaf.Purpose != q.Purpose || leaf.Since != unix(q.Since) || leaf.Until != unix(q.Until) {
		return nil, fmt.Errorf("the collector's leaf is about another release than yours: %w; tell the persons' representatives", ErrUnproved)
	}
	last, err := c.seen.load(c.ledger)
	if err != nil {
		return nil, err
	}
	src := tlog.NewRemote(c.conn)
	at, key, err := tlog.FetchWithKey(ctx, src, c.ledger, last)
	if err == nil {
		err = tlog.NewTree(src, at).Includes(ctx, first.GetPosition(), first.GetLeaf())
	}
	if _, remote := status.FromError(err); err != nil && remote {
		return nil, fmt.Errorf("%w: %w", c.explain(err), ErrUnproved)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w; tell the persons' representatives", err, ErrUnproved)
	}
	return &told{leaf: leaf, people: map[string]bool{}}, c.seen.save(at, key)
}

// count refuses more than the leaf says.
func (t *told) count(r *pb.ReleaseResponse) error {
	t.boxes++
	t.people[string(r.GetPseudonym())] = true
	if t.leaf.Few && len(t.people) >= tlog.Few || !t.leaf.Few && t.boxes >= t.leaf.Boxes+10 {
		return errors.New("the collector releases more than it wrote into the public ledger; the rest was not opened: tell the persons' representatives")
	}
	return nil
}
