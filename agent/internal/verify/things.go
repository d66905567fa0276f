package verify

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"google.golang.org/protobuf/proto"
)

// consents is step 3.
func (c *check) consents(ctx context.Context) error {
	var wants []want
	for _, p := range c.Consents {
		var stub pb.ConsentStub
		if proto.Unmarshal(p.Signed.GetBody(), &stub) != nil {
			c.wrong("A consent on this computer is damaged and cannot be checked.")
			continue
		}
		what := "your consent " + short(stub.GetId())
		if stub.GetWithdrawn() {
			what = "your withdrawal of consent " + short(stub.GetId())
		}
		wants = append(wants, want{c.Secret.ConsentLeaf(tlog.Signed(p.Signed)), p.At, what})
		known, withdrawn := c.known(stub.GetId())
		switch {
		case !known:
			c.wrong("The collector no longer knows of %s, which it had acknowledged.", what)
		case stub.GetWithdrawn() && !withdrawn:
			c.wrong("The collector acknowledged %s, and says that the consent stands.", what)
		}
	}
	return c.prove(ctx, wants, "Consents and withdrawals")
}

// known tells what the collector says of a consent.
func (c *check) known(id []byte) (known, withdrawn bool) {
	for _, s := range c.mine.GetConsents() {
		var stub pb.ConsentStub
		if proto.Unmarshal(s.GetBody(), &stub) == nil && bytes.Equal(stub.GetId(), id) {
			known, withdrawn = true, withdrawn || stub.GetWithdrawn()
		}
	}
	return known, withdrawn
}

// boxes is step 4.
func (c *check) boxes(ctx context.Context) error {
	for _, e := range c.Erasures {
		for _, b := range e.GetKept() {
			c.asked[string(b)] = true
		}
	}
	listed := map[string]*pb.Holding{}
	var wants []want
	for _, h := range c.mine.GetBoxes() {
		if len(h.GetBatch()) != 16 || len(h.GetDigest()) != 32 || listed[string(h.GetBatch())] != nil {
			c.wrong("The collector's list of your boxes is not well-formed.")
			return errStop
		}
		listed[string(h.GetBatch())] = h
		if bytes.Equal(h.GetDevice(), c.Device) { // of another computer of the person a part may be erased there
			c.rep.Listed = append(c.rep.Listed, Box{Batch: [16]byte(h.GetBatch()), Hour: time.Unix(h.GetHour(), 0)})
		}
		wants = append(wants, want{c.Secret.BatchLeaf([32]byte(h.GetDigest())), time.Unix(h.GetHour(), 0).Add(time.Hour),
			fmt.Sprintf("box %s (number %d)", short(h.GetBatch()), h.GetSequence())})
	}
	all := c.allErased()
	elsewhere, over := 0, 0
	for _, b := range c.Boxes {
		h := listed[string(b.Batch[:])]
		switch {
		case c.asked[string(b.Batch[:])]:
		case h == nil && b.At.Before(all):
			elsewhere++
		case h == nil && c.isOver(b.At):
			over++
		case h == nil:
			c.wrong("Box %s (number %d) is withheld or lost: the collector acknowledged it, nobody erased it, and it is no longer listed.", short(b.Batch[:]), b.Sequence)
		case !bytes.Equal(h.GetDigest(), b.Digest[:]) || h.GetSequence() != b.Sequence:
			c.wrong("Box %s (number %d) is listed as another box than the one that this computer sealed.", short(b.Batch[:]), b.Sequence)
		}
	}
	for _, b := range c.Listed {
		if !b.Hour.IsZero() && c.isOver(b.Hour) {
			continue
		}
		if listed[string(b.Batch[:])] == nil && !c.asked[string(b.Batch[:])] && !b.At.Before(all) && !slices.ContainsFunc(c.Boxes, func(have Box) bool { return have.Batch == b.Batch }) {
			c.wrong("Box %s is withheld or lost: the collector listed it on %s, nobody erased it, and it is no longer listed.", short(b.Batch[:]), b.At.Format("2 Jan 2006"))
		}
	}
	if elsewhere > 0 {
		c.note("Erased with everything at %[2]s, by another computer of yours or with your receipt, though the copies are here: %[1]s. If you did not ask for that, the collector lies.",
			policy.Count(elsewhere, "box"), all.Format("2 Jan 2006 15:04"))
	}
	if over > 0 {
		c.note("No longer listed, though the copies are here: %s. The time is over for which you agreed that boxes are kept.", policy.Count(over, "box"))
	}
	c.gaps(listed)
	return c.prove(ctx, wants, "Boxes that the collector holds of you")
}

// isOver tells whether a box that was there at a time need be there no more, by the policy.
func (c *check) isOver(at time.Time) bool { return c.Kept > 0 && c.now.Sub(at) >= c.Kept }

// allErased is when everything of the person was last erased, as the ledger's key signed it.
func (c *check) allErased() (last time.Time) {
	for _, s := range c.mine.GetErasures() {
		if m, err := c.record(s); err == nil && m.GetAll() && time.Unix(m.GetDestroyedAt(), 0).After(last) {
			last = time.Unix(m.GetDestroyedAt(), 0)
		}
	}
	return last
}

// gaps counts the numbers of this device's chain that are not there. Which of them the person destroyed before they left, only they know.
func (c *check) gaps(listed map[string]*pb.Holding) {
	var have []uint64
	for _, h := range listed {
		if bytes.Equal(h.GetDevice(), c.Device) {
			have = append(have, h.GetSequence())
		}
	}
	if len(have) == 0 {
		return
	}
	slices.Sort(have)
	for i := 1; i < len(have); i++ {
		if have[i] == have[i-1] {
			c.wrong("The collector lists two boxes of this computer under the number %d.", have[i])
		}
	}
	if missing := have[len(have)-1] - uint64(len(slices.Compact(have))); missing > 0 {
		c.note("Of the numbers up to %d of this computer's boxes %d are not there: you erased them, or destroyed them before they left, or the time is over for which they are kept.", have[len(have)-1], missing)
	}
}

// erasures is step 5.
func (c *check) erasures(ctx context.Context) error {
	var wants []want
	var records []*pb.ErasureRecord
	known := map[string]bool{}
	for _, res := range c.Erasures {
		m, err := c.record(res.GetRecord())
		if err != nil {
			c.wrong("A record of an erasure on this computer is not signed by the key that you enrolled with.")
			continue
		}
		known[string(m.GetId())] = true
		records = append(records, m)
		wants = append(wants, c.wantErasure(m, res.GetRecord()))
		if !slices.ContainsFunc(c.mine.GetErasures(), func(s *pb.Signed) bool { // after a restore it may have been carried out and signed again
			again, err := c.record(s)
			return err == nil && bytes.Equal(again.GetId(), m.GetId())
		}) {
			c.wrong("The collector no longer knows of the erasure of %s, whose record it signed.", day(m.GetDestroyedAt()))
		}
	}
	for _, s := range c.mine.GetErasures() {
		m, err := c.record(s)
		if err != nil {
			c.wrong("The collector lists an erasure whose record is not signed by the ledger's key.")
			continue
		}
		if !known[string(m.GetId())] {
			records = append(records, m)
			wants = append(wants, c.wantErasure(m, s))
		}
	}
	slices.SortFunc(records, func(a, b *pb.ErasureRecord) int { return int(a.GetDestroyedAt() - b.GetDestroyedAt()) })
	for _, m := range records {
		c.note("%s", erasure.Sentence(m))
	}
	if err := c.gone(ctx); err != nil {
		return err
	}
	return c.prove(ctx, wants, "Erasures")
}

// record reads a signed record of an erasure.
func (c *check) record(s *pb.Signed) (*pb.ErasureRecord, error) {
	var m pb.ErasureRecord
	if err := proto.Unmarshal(s.GetBody(), &m); err != nil {
		return nil, erasure.ErrRecord
	}
	return erasure.Verify(&pb.EraseResponse{Record: s, LedgerKey: c.key}, c.Ledger, m.GetId())
}

func (c *check) wantErasure(m *pb.ErasureRecord, s *pb.Signed) want {
	return want{c.Secret.ErasureLeaf(m.GetId(), tlog.Signed(s)), time.Unix(m.GetDestroyedAt(), 0), "the erasure of " + day(m.GetDestroyedAt())}
}

// gone asks for every box that the collector signed to have destroyed: it must neither list nor give back one.
func (c *check) gone(ctx context.Context) error {
	said := map[string]bool{}
	for _, h := range c.mine.GetBoxes() {
		if c.asked[string(h.GetBatch())] {
			said[string(h.GetBatch())] = true
			c.wrong("The collector signed that it destroyed box %s, and still lists it.", short(h.GetBatch()))
		}
	}
	var all [][]byte
	for b := range c.asked {
		all = append(all, []byte(b))
	}
	err := c.from.Fetch(ctx, all, func(r *pb.FetchResponse) error {
		if box := r.GetBox(); len(box) >= 18 && c.asked[string(box[2:18])] && !said[string(box[2:18])] {
			said[string(box[2:18])] = true
			c.wrong("The collector signed that it destroyed box %s, and still gives it back.", short(box[2:18]))
		}
		return nil
	})
	if err == nil && len(all) > 0 && len(said) == 0 {
		c.proved("Boxes that the collector signed to have destroyed: %d; it lists none of them and gives none back.", len(all))
	}
	return err
}

// reads is step 6.
func (c *check) reads(ctx context.Context) error {
	claimed := map[string]uint64{}
	for _, r := range c.mine.GetReads() {
		claimed[hex.EncodeToString(r.GetExport())] = r.GetBoxes()
	}
	err := c.from.Ledger().Releases(ctx, c.at, func(_ uint64, rel tlog.Release) error {
		boxes, ok := claimed[rel.Export]
		if !ok {
			c.rep.Others++
			return nil
		}
		delete(claimed, rel.Export)
		c.rep.Reads = append(c.rep.Reads, Read{Export: rel.Export, Custodian: tlog.Plain(rel.Custodian), Purpose: tlog.Plain(rel.Purpose), Hour: time.Unix(rel.Hour, 0).UTC(),
			Boxes: boxes, Words: rel.Words(), Proved: true})
		return nil
	})
	if err != nil {
		return err
	}
	for export, boxes := range claimed {
		c.wrong("The collector says that export %s took %s of yours, and the ledger has no such export.", export[:min(8, len(export))], policy.Count(boxes, "box"))
		c.rep.Reads = append(c.rep.Reads, Read{Export: export, Boxes: boxes})
	}
	slices.SortFunc(c.rep.Reads, func(a, b Read) int { return a.Hour.Compare(b.Hour) })
	if n := len(c.rep.Reads) - len(claimed); n > 0 {
		c.proved("Reads: exports that took boxes of yours and stand in the ledger: %d.", n)
	}
	return nil
}

func day(unix int64) string { return time.Unix(unix, 0).Format("2 Jan 2006 15:04") }
