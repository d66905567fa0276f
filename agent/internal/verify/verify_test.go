package verify

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/byleave/byleave/proto/tlog/tlogtest"
	"google.golang.org/protobuf/proto"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// world is an honest collector and one person's own records of it.
type world struct {
	log  *tlogtest.Log
	mine *pb.MineResponse
	give map[string][]byte // what Fetch gives back
	rec  Records
}

// Ledger, Mine, Fetch and Explain are those of Collector.
func (w *world) Ledger() tlog.Remote { return tlog.NewRemote(w.log) }

func (w *world) Mine(context.Context) (*pb.MineResponse, error) {
	return proto.Clone(w.mine).(*pb.MineResponse), nil
}

func (w *world) Fetch(_ context.Context, batches [][]byte, take func(*pb.FetchResponse) error) error {
	for _, b := range batches {
		if box, ok := w.give[string(b)]; ok {
			if err := take(&pb.FetchResponse{Box: box}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) Explain(err error) error { return err }

func id(n byte) []byte { return bytes.Repeat([]byte{n}, 16) }

// erased is what an erasure of the given boxes leaves on the device.
func (w *world) erased(t *testing.T, n byte, batches ...[]byte) *pb.EraseResponse {
	t.Helper()
	digest := erasure.Digest(batches)
	signed, err := erasure.Sign(&pb.ErasureRecord{Id: id(n), Subject: id(1), Boxes: uint64(len(batches)), BatchesSha256: digest[:],
		DestroyedAt: now.Add(-72 * time.Hour).Unix(), ReplacedAt: now.Add(-72 * time.Hour).Unix()}, w.log.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &pb.EraseResponse{Record: signed, LedgerKey: w.log.Key[32:], Kept: batches}
}

func stub(t *testing.T, n byte, withdrawn bool) *pb.Signed {
	t.Helper()
	body, err := proto.Marshal(&pb.ConsentStub{Id: id(n), Withdrawn: withdrawn})
	if err != nil {
		t.Fatal(err)
	}
	return &pb.Signed{Body: body, Signature: []byte("signature")}
}

// newWorld has a consent, a withdrawn one, five boxes of which the device has three, an erasure of one, two exports of which one took boxes.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{log: tlogtest.New(), mine: &pb.MineResponse{}, give: map[string][]byte{}}
	w.rec = Records{Secret: tlog.SecretOf([32]byte{5}), Ledger: w.log.Fingerprint(), Device: id(2)}
	old := now.Add(-72 * time.Hour)
	add := func(leaf [32]byte) { w.log.Append(leaf[:]) }
	for range 300 { // others' leaves
		var other [32]byte
		rand.Read(other[:])
		add(other)
	}
	given, withdrawn := stub(t, 10, false), stub(t, 11, true)
	for _, s := range []*pb.Signed{given, stub(t, 11, false), withdrawn} {
		w.rec.Consents = append(w.rec.Consents, Paper{s, old})
		add(w.rec.Secret.ConsentLeaf(tlog.Signed(s)))
	}
	w.mine.Consents = []*pb.Signed{given, withdrawn}
	for n := byte(1); n <= 5; n++ {
		digest := sha256.Sum256(id(20 + n))
		w.mine.Boxes = append(w.mine.Boxes, &pb.Holding{Batch: id(20 + n), Device: id(2), Sequence: uint64(n), Digest: digest[:], Hour: old.Unix()})
		if n > 2 {
			w.rec.Boxes = append(w.rec.Boxes, Box{[16]byte(id(20 + n)), uint64(n), digest, old, time.Time{}})
		}
		add(w.rec.Secret.BatchLeaf(digest))
	}
	e := w.erased(t, 40, id(30))
	w.rec.Erasures, w.mine.Erasures = []*pb.EraseResponse{e}, []*pb.Signed{e.GetRecord()}
	add(w.rec.Secret.ErasureLeaf(id(40), tlog.Signed(e.GetRecord())))
	for n := byte(50); n < 52; n++ {
		body, err := tlog.Release{Export: hex.EncodeToString(id(n)), Custodian: "Works council", Purpose: "train", Few: true, Hour: old.Unix()}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		w.log.Append(body)
	}
	w.mine.Reads = []*pb.PersonRead{{Export: id(50), Boxes: 3}}
	w.rec.Listed = []Box{{Batch: [16]byte(id(21)), At: old}, {Batch: [16]byte(id(24)), At: old}, {Batch: [16]byte(id(30)), At: old}}
	for range 300 {
		var other [32]byte
		rand.Read(other[:])
		add(other)
	}
	return w
}

func (w *world) run(t *testing.T) Report {
	t.Helper()
	rep, seen, _, err := Run(t.Context(), w.rec, w, now, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	if rep.OK != (len(rep.Wrong) == 0) {
		t.Fatalf("%+v", rep)
	}
	if rep.OK {
		w.rec.Seen = seen
	}
	return rep
}

// TestWhatIsOverNeedNotBeThere: a box may go when the time is over for which its person agreed that it is kept, and not before.
func TestWhatIsOverNeedNotBeThere(t *testing.T) {
	old := now.Add(-72 * time.Hour)
	for _, c := range []struct {
		kept time.Duration
		ok   bool
	}{{now.Sub(old), true}, {now.Sub(old) + time.Hour, false}, {0, false}} {
		w := newWorld(t)
		w.rec.Kept = c.kept
		for i := range w.rec.Listed {
			w.rec.Listed[i].Hour = old
		}
		w.mine.Boxes = nil
		if rep := w.run(t); rep.OK != c.ok {
			t.Errorf("kept for %v: %v", c.kept, rep.Wrong)
		}
	}
}

// TestHonest: all of it is proved, twice, and the one export that took boxes is told in words.
func TestHonest(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		rep := w.run(t)
		if !rep.OK || len(rep.Waiting) != 0 || len(rep.Reads) != 1 || rep.Others != 1 {
			t.Fatalf("%+v", rep)
		}
		r := rep.Reads[0]
		if len(rep.Listed) != 5 {
			t.Fatalf("%d boxes are remembered", len(rep.Listed))
		}
		if !r.Proved || r.Boxes != 3 || r.Custodian != "Works council" || !strings.Contains(r.Words, "fewer than 10 people") {
			t.Fatalf("%+v", r)
		}
		text := strings.Join(rep.Proved, "\n")
		for _, want := range []string{"Consents and withdrawals: 3 proved", "Boxes that the collector holds of you: 5 proved", "Erasures: 1 proved", "Boxes that the collector signed to have destroyed: 1; it lists none"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in:\n%s", want, text)
			}
		}
		w.log.Append(make([]byte, 32))
	}
}

// TestI20LiesAreTold: each lie of a collector is told in a sentence of its own. Each case would pass if its check were taken out.
func TestI20LiesAreTold(t *testing.T) {
	replace := func(w *world, leaf [32]byte) {
		places, err := w.Ledger().Find(context.Background(), [][32]byte{leaf})
		if err != nil || places[0] < 0 {
			panic("the leaf was not there")
		}
		w.log.Replace(int(places[0]), make([]byte, 32))
	}
	for name, c := range map[string]struct {
		lie  func(*testing.T, *world)
		want string
	}{
		"rolled back": {func(t *testing.T, w *world) { w.run(t); w.log.Truncate(1) }, "was rolled back: you saw 611 entries in it, now it has 610"},
		"forked":      {func(t *testing.T, w *world) { w.run(t); w.log.Replace(1, make([]byte, 32)) }, "forked or rewritten"},
		"forked and grown": {func(t *testing.T, w *world) {
			w.run(t)
			w.log.Replace(1, make([]byte, 32))
			w.log.Append(make([]byte, 32))
		}, "forked or rewritten"},
		"another key": {func(t *testing.T, w *world) { w.log.Key = tlogtest.New().Key }, "not signed by the key that you enrolled with"},
		"tiles cut":   {func(t *testing.T, w *world) { w.log.Cut = 32 }, "parts are cut off"},
		"a consent's leaf dropped": {func(t *testing.T, w *world) {
			replace(w, w.rec.Secret.ConsentLeaf(tlog.Signed(w.rec.Consents[0].Signed)))
		}, "leaf of your consent 0a0a0a0a is missing"},
		"a withdrawal's leaf dropped": {func(t *testing.T, w *world) {
			replace(w, w.rec.Secret.ConsentLeaf(tlog.Signed(w.rec.Consents[2].Signed)))
		}, "leaf of your withdrawal of consent 0b0b0b0b is missing"},
		"a box's leaf dropped": {func(t *testing.T, w *world) { replace(w, w.rec.Secret.BatchLeaf(w.rec.Boxes[0].Digest)) }, "leaf of box 17171717 (number 3) is missing"},
		"an erasure's leaf dropped": {func(t *testing.T, w *world) {
			replace(w, w.rec.Secret.ErasureLeaf(id(40), tlog.Signed(w.rec.Erasures[0].GetRecord())))
		}, "leaf of the erasure of"},
		"a consent forgotten":           {func(t *testing.T, w *world) { w.mine.Consents = w.mine.Consents[1:] }, "no longer knows of your consent 0a0a0a0a"},
		"a withdrawal not counted":      {func(t *testing.T, w *world) { w.mine.Consents[1] = stub(t, 11, false) }, "and says that the consent stands"},
		"a box withheld":                {func(t *testing.T, w *world) { w.mine.Boxes = slices.Delete(w.mine.Boxes, 3, 4) }, "Box 18181818 (number 4) is withheld or lost"},
		"a box without a copy withheld": {func(t *testing.T, w *world) { w.mine.Boxes = w.mine.Boxes[1:] }, "Box 15151515 is withheld or lost: the collector listed it on"},
		"a box exchanged": {func(t *testing.T, w *world) {
			w.mine.Boxes[3].Digest = bytes.Repeat([]byte{9}, 32)
		}, "is listed as another box"},
		"two boxes of one number": {func(t *testing.T, w *world) { w.mine.Boxes[0].Sequence = 2 }, "two boxes of this computer under the number 2"},
		"erased and listed": {func(t *testing.T, w *world) {
			digest := sha256.Sum256(id(30))
			leaf := w.rec.Secret.BatchLeaf(digest)
			w.log.Append(leaf[:])
			w.mine.Boxes = append(w.mine.Boxes, &pb.Holding{Batch: id(30), Device: id(2), Sequence: 9, Digest: digest[:], Hour: now.Unix()})
		}, "signed that it destroyed box 1e1e1e1e, and still lists it"},
		"erased and given back": {func(t *testing.T, w *world) {
			w.give[string(id(30))] = append([]byte{0, 1}, id(30)...)
		}, "signed that it destroyed box 1e1e1e1e, and still gives it back"},
		"an erasure forgotten": {func(t *testing.T, w *world) { w.mine.Erasures = nil }, "no longer knows of the erasure"},
		"a record of another key": {func(t *testing.T, w *world) {
			w.mine.Erasures = append(w.mine.Erasures, &pb.Signed{Body: w.mine.Erasures[0].GetBody(), Signature: make([]byte, 64)})
		}, "not signed by the ledger's key"},
		"a read that the ledger does not know": {func(t *testing.T, w *world) {
			w.mine.Reads = append(w.mine.Reads, &pb.PersonRead{Export: id(60), Boxes: 1})
		}, "the ledger has no such export"},
		"a read whose leaf was dropped": {func(t *testing.T, w *world) {
			w.log.Replace(309, make([]byte, 32))
		}, "export 32323232 took 3 boxes of yours, and the ledger has no such export"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.lie(t, w)
			rep := w.run(t)
			if rep.OK || !slices.ContainsFunc(rep.Wrong, func(s string) bool { return strings.Contains(s, c.want) }) {
				t.Fatalf("want %q, got %q", c.want, rep.Wrong)
			}
			if len(rep.Wrong) > 1 && name != "a box exchanged" { // its leaf is missing, too
				t.Errorf("one lie, %d sentences: %q", len(rep.Wrong), rep.Wrong)
			}
		})
	}
}

// TestPeer: two people who are shown different ledgers find out by comparing what they saw; two who are shown one do not.
func TestPeer(t *testing.T) {
	w := newWorld(t)
	w.run(t)
	w.rec.Peer, w.rec.Seen = w.rec.Seen, tlog.Checkpoint{}
	w.log.Append(make([]byte, 32))
	if rep := w.run(t); !rep.OK || !strings.Contains(fmt.Sprint(rep.Proved), "The ledger continues the 611 entries that the other person was shown.") {
		t.Fatalf("%+v", rep)
	}
	w.rec.Seen = tlog.Checkpoint{}
	w.log.Replace(1, make([]byte, 32))
	if rep := w.run(t); rep.OK || !strings.Contains(rep.Wrong[0], "another ledger than the other person") || len(rep.Evidence) != 2 {
		t.Fatalf("%+v", rep)
	}
}

// TestNotYetDueIsNoLie: what was acknowledged just now waits for a lot.
func TestNotYetDueIsNoLie(t *testing.T) {
	w := newWorld(t)
	digest := sha256.Sum256(id(77))
	w.mine.Boxes = append(w.mine.Boxes, &pb.Holding{Batch: id(77), Device: id(2), Sequence: 6, Digest: digest[:], Hour: now.Unix()})
	w.rec.Consents = append(w.rec.Consents, Paper{stub(t, 12, false), now})
	w.mine.Consents = append(w.mine.Consents, stub(t, 12, false))
	rep := w.run(t)
	if !rep.OK || len(rep.Waiting) != 2 {
		t.Fatalf("%+v", rep)
	}
}

// TestErasedElsewhere: what another computer of the person erased with everything is no lie, but said; what was sealed after that is withheld.
func TestErasedElsewhere(t *testing.T) {
	w := newWorld(t)
	signed, err := erasure.Sign(&pb.ErasureRecord{Id: id(41), Subject: id(1), All: true, Boxes: 5, BatchesSha256: make([]byte, 32), DestroyedAt: now.Unix(), ReplacedAt: now.Unix()}, w.log.Key)
	if err != nil {
		t.Fatal(err)
	}
	w.mine.Boxes, w.mine.Reads, w.mine.Erasures = nil, nil, append(w.mine.Erasures, signed)
	for i := range w.rec.Boxes {
		w.rec.Boxes[i].At = now.Add(-time.Hour)
	}
	rep := w.run(t)
	if !rep.OK || !strings.Contains(strings.Join(rep.Notes, "\n"), "though the copies are here: 3 boxes.") {
		t.Fatalf("%+v", rep)
	}
	w.rec.Boxes[1].At = now.Add(time.Minute)
	if rep = w.run(t); rep.OK || !strings.Contains(rep.Wrong[0], "withheld or lost") {
		t.Fatalf("%+v", rep)
	}
}

// TestEvidence: a fork leaves both signed checkpoints, each of which anybody can check.
func TestEvidence(t *testing.T) {
	w := newWorld(t)
	w.run(t)
	w.log.Replace(1, make([]byte, 32))
	rep := w.run(t)
	if len(rep.Evidence) != 2 || rep.Evidence[0] == rep.Evidence[1] {
		t.Fatalf("%q", rep.Evidence)
	}
	for _, note := range rep.Evidence {
		if _, err := tlog.Parse([]byte(note), w.log.Key[32:], w.log.Fingerprint()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReceiptAlone: without records what the collector lists is proved, and an erasure of which it says so.
func TestReceiptAlone(t *testing.T) {
	w := newWorld(t)
	w.rec = Records{Secret: w.rec.Secret, Ledger: w.rec.Ledger}
	rep := w.run(t)
	if !rep.OK || !strings.Contains(fmt.Sprint(rep.Proved), "Boxes that the collector holds of you: 5 proved") || !strings.Contains(fmt.Sprint(rep.Proved), "Erasures: 1 proved") {
		t.Fatalf("%+v", rep)
	}
}
