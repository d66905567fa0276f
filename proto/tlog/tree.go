package tlog

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

const (
	tileHeight = 8
	// Width is how many hashes a whole tile has, and how many leaves a whole bundle.
	Width    = 1 << tileHeight
	hashSize = 32
)

var ranges = compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// Tree is a ledger at one checkpoint, for proofs. It keeps what it got, of the lowest level one tile: prove in the order of places. It is
// for one goroutine at a time.
type Tree struct {
	src   Source
	at    Checkpoint
	low   uint64 // index of the tile of level 0 that is kept
	tiles map[[2]uint64]tile
}

// tile is the hashes of one tile, and of the nodes above them that are whole.
type tile [tileHeight + 1][][]byte

// NewTree reads the ledger of a checkpoint from src.
func NewTree(src Source, at Checkpoint) *Tree {
	return &Tree{src: src, at: at, tiles: map[[2]uint64]tile{}}
}

// Includes proves that the leaf stands at a place. ErrAbsent if another leaf does, or none.
func (t *Tree) Includes(ctx context.Context, place uint64, leaf []byte) error {
	if place >= t.at.Size {
		return ErrAbsent
	}
	nodes, err := proof.Inclusion(place, t.at.Size)
	if err != nil {
		return ErrAbsent
	}
	hashes, err := t.proof(ctx, nodes)
	if err != nil {
		return err
	}
	if proof.VerifyInclusion(rfc6962.DefaultHasher, place, t.at.Size, rfc6962.DefaultHasher.HashLeaf(leaf), hashes, t.at.root) != nil {
		return ErrAbsent
	}
	return nil
}

// proof gathers the hashes that a proof consists of.
func (t *Tree) proof(ctx context.Context, nodes proof.Nodes) ([][]byte, error) {
	hashes := make([][]byte, 0, len(nodes.IDs))
	for _, id := range nodes.IDs {
		h, err := t.node(ctx, id)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, h)
	}
	hashes, err := nodes.Rehash(hashes, rfc6962.DefaultHasher.HashChildren)
	if err != nil {
		return nil, ErrBroken
	}
	return hashes, nil
}

// node is the hash of one node: it stands in a tile, or above some hashes that do.
func (t *Tree) node(ctx context.Context, id compact.NodeID) ([]byte, error) {
	level, within := uint64(id.Level/tileHeight), id.Level%tileHeight
	first := id.Index << within
	tile, err := t.tile(ctx, level, first/Width)
	if err != nil {
		return nil, err
	}
	i := first % Width >> within
	if i >= uint64(len(tile[within])) {
		return nil, ErrBroken
	}
	return tile[within][i], nil
}

func (t *Tree) tile(ctx context.Context, level, index uint64) (tile, error) {
	if have, ok := t.tiles[[2]uint64{level, index}]; ok {
		return have, nil
	}
	width := widthOf(t.at.Size>>(tileHeight*level), index)
	if width == 0 {
		return tile{}, ErrBroken
	}
	raw, err := t.src.Tile(ctx, level, index, width)
	if err != nil {
		return tile{}, err
	}
	if len(raw) < width*hashSize || len(raw) > Width*hashSize {
		return tile{}, ErrBroken
	}
	var got tile
	for i := range width {
		got[0] = append(got[0], raw[i*hashSize:(i+1)*hashSize])
	}
	for h := 1; h <= tileHeight; h++ {
		below := got[h-1]
		for i := 0; i+1 < len(below); i += 2 {
			got[h] = append(got[h], rfc6962.DefaultHasher.HashChildren(below[i], below[i+1]))
		}
	}
	if level == 0 {
		delete(t.tiles, [2]uint64{0, t.low})
		t.low = index
	}
	t.tiles[[2]uint64{level, index}] = got
	return got, nil
}

// widthOf is how many of n things the tile or bundle of that index has.
func widthOf(n, index uint64) int {
	if n <= index*Width {
		return 0
	}
	return int(min(n-index*Width, Width))
}

// Walk reads every leaf of the ledger, gives each to visit, and checks at the end that they are what the checkpoint was signed for.
func Walk(ctx context.Context, src Source, at Checkpoint, visit func(place uint64, leaf []byte) error) error {
	r := ranges.NewEmptyRange(0)
	err := Each(ctx, src, at, 0, func(place uint64, leaf []byte) error {
		if err := r.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil); err != nil {
			return ErrBroken
		}
		return visit(place, leaf)
	})
	if err != nil {
		return err
	}
	root, err := r.GetRootHash(nil)
	if err != nil || at.Size > 0 && !bytes.Equal(root, at.root) {
		return ErrBroken
	}
	return nil
}

// Each reads the leaves of the ledger from a place on, unproved.
func Each(ctx context.Context, src Source, at Checkpoint, from uint64, visit func(place uint64, leaf []byte) error) error {
	for index := from / Width; index*Width < at.Size; index++ {
		width := widthOf(at.Size, index)
		bundle, err := src.Bundle(ctx, index, width)
		if err != nil {
			return err
		}
		for i := range width {
			leaf, rest, ok := cutLeaf(bundle)
			if !ok {
				return ErrBroken
			}
			if place := index*Width + uint64(i); place >= from {
				if err := visit(place, leaf); err != nil {
					return err
				}
			}
			bundle = rest
		}
	}
	return nil
}

// cutLeaf takes the first leaf off a bundle.
func cutLeaf(b []byte) (leaf, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if len(b) < 2+n {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}
