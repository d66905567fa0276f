package tlog

import (
	"context"
	"errors"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc"
)

// answerIn bounds one question to a collector.
const answerIn = 30 * time.Second

// maxFind is how many leaves one question names.
const maxFind = 1000

// Remote is the ledger of a collector at the other end of a connection.
type Remote struct{ client pb.LedgerClient }

// NewRemote asks through conn.
func NewRemote(conn grpc.ClientConnInterface) Remote { return Remote{pb.NewLedgerClient(conn)} }

// Checkpoint is that of Source.
func (r Remote) Checkpoint(ctx context.Context) (signed, key []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	res, err := r.client.Checkpoint(ctx, &pb.CheckpointRequest{})
	return res.GetNote(), res.GetKey(), err
}

// Tile is that of Source.
func (r Remote) Tile(ctx context.Context, level, index uint64, width int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	res, err := r.client.Tile(ctx, &pb.TileRequest{Level: uint32(level), Index: index, Width: uint32(width)})
	return res.GetData(), err
}

// Bundle is that of Source.
func (r Remote) Bundle(ctx context.Context, index uint64, width int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	res, err := r.client.Bundle(ctx, &pb.TileRequest{Index: index, Width: uint32(width)})
	return res.GetData(), err
}

// Find asks where leaves stand: -1 is nowhere. What it says is to be proved.
func (r Remote) Find(ctx context.Context, leaves [][32]byte) ([]int64, error) {
	var out []int64
	for len(leaves) > 0 {
		n := min(maxFind, len(leaves))
		req := &pb.FindRequest{}
		for _, l := range leaves[:n] {
			req.Leaves = append(req.Leaves, l[:])
		}
		got, err := r.find(ctx, req)
		if err != nil {
			return nil, err
		}
		out, leaves = append(out, got...), leaves[n:]
	}
	return out, nil
}

func (r Remote) find(ctx context.Context, req *pb.FindRequest) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	res, err := r.client.Find(ctx, req)
	if err == nil && len(res.GetPositions()) != len(req.GetLeaves()) {
		err = errors.New("the collector answers something else than was asked")
	}
	return res.GetPositions(), err
}

// LeafAt reads the leaf at a place of the ledger at a checkpoint, unproved.
func LeafAt(ctx context.Context, src Source, at Checkpoint, place uint64) ([]byte, error) {
	width := widthOf(at.Size, place/Width)
	if place >= at.Size {
		return nil, ErrAbsent
	}
	bundle, err := src.Bundle(ctx, place/Width, width)
	if err != nil {
		return nil, err
	}
	for range place % Width {
		_, rest, ok := cutLeaf(bundle)
		if !ok {
			return nil, ErrBroken
		}
		bundle = rest
	}
	leaf, _, ok := cutLeaf(bundle)
	if !ok {
		return nil, ErrBroken
	}
	return leaf, nil
}

// Releases reads the leaf of every export in the ledger at a checkpoint, each proved. Which they are the collector says: Walk finds all.
func (r Remote) Releases(ctx context.Context, at Checkpoint, visit func(place uint64, rel Release) error) error {
	tree := NewTree(r, at)
	for from := uint64(0); ; {
		places, err := r.readable(ctx, from)
		if err != nil || len(places) == 0 {
			return err
		}
		for _, p := range places {
			if p < from {
				return ErrBroken
			}
			from = p + 1
			if p >= at.Size {
				return nil // newer than the checkpoint
			}
			leaf, err := LeafAt(ctx, r, at, p)
			if err == nil {
				err = tree.Includes(ctx, p, leaf)
			}
			if err != nil {
				return err
			}
			rel, err := ParseRelease(leaf)
			if err == nil {
				err = visit(p, rel)
			}
			if err != nil {
				return err
			}
		}
	}
}

func (r Remote) readable(ctx context.Context, from uint64) ([]uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	res, err := r.client.Readable(ctx, &pb.ReadableRequest{From: from})
	return res.GetPositions(), err
}
