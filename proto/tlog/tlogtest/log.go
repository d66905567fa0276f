package tlogtest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Log is a ledger. Fields may be changed between calls, to lie.
type Log struct {
	pb.UnimplementedLedgerServer
	Key  ed25519.PrivateKey
	Size int                                    // of the signed checkpoint, if it is not all leaves; 0: all
	Cut  int                                    // bytes that are missing from each tile
	Edit func(level, index uint64, tile []byte) // changes a tile before it is given out; nil: nothing

	mu     sync.Mutex
	leaves [][]byte
	hashes [][][]byte // by level of tiles
	root   []byte
	stale  bool // hashes and root are of before
}

// New makes an empty ledger with a fresh key.
func New() *Log {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic("tlogtest: " + err.Error())
	}
	return &Log{Key: key}
}

// Fingerprint is what people pin.
func (l *Log) Fingerprint() [32]byte { return sha256.Sum256(l.public()) }

func (l *Log) public() ed25519.PublicKey { return l.Key.Public().(ed25519.PublicKey) }

// Append adds leaves and returns the place of the first.
func (l *Log) Append(leaves ...[]byte) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := len(l.leaves)
	for _, leaf := range leaves {
		l.leaves = append(l.leaves, slices.Clone(leaf))
	}
	l.stale = true
	return uint64(first)
}

// Replace puts another leaf in the place of one: the past is rewritten.
func (l *Log) Replace(place int, leaf []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaves[place] = leaf
	l.stale = true
}

// Truncate takes the last n leaves away.
func (l *Log) Truncate(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaves = l.leaves[:len(l.leaves)-n]
	l.stale = true
}

// build makes the hashes of the leaves as they are.
func (l *Log) build() {
	if !l.stale {
		return
	}
	l.stale = false
	level := make([][]byte, len(l.leaves))
	for i, leaf := range l.leaves {
		level[i] = rfc6962.DefaultHasher.HashLeaf(leaf)
	}
	l.hashes, l.root = nil, root(level)
	for len(level) > 0 {
		l.hashes = append(l.hashes, level)
		var up [][]byte
		for n := tlog.Width; n <= len(level); n += tlog.Width {
			up = append(up, root(level[n-tlog.Width:n]))
		}
		level = up
	}
}

func root(hashes [][]byte) []byte {
	f := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	r := f.NewEmptyRange(0)
	for _, h := range hashes {
		if err := r.Append(h, nil); err != nil {
			panic("tlogtest: " + err.Error())
		}
	}
	sum, err := r.GetRootHash(nil)
	if err != nil {
		panic("tlogtest: " + err.Error())
	}
	return sum
}

type signer struct {
	note.Verifier
	key ed25519.PrivateKey
}

func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// Sign makes the checkpoint of the ledger as it is.
func (l *Log) Sign() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.build()
	n, sum := len(l.leaves), l.root
	switch {
	case n == 0:
		sum = rfc6962.DefaultHasher.EmptyRoot()
	case l.Size > 0:
		n, sum = l.Size, root(l.hashes[0][:l.Size])
	}
	v, err := tlog.Verifier(l.public())
	if err != nil {
		panic("tlogtest: " + err.Error())
	}
	text := log.Checkpoint{Origin: v.Name(), Size: uint64(n), Hash: sum}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer{v, l.Key})
	if err != nil {
		panic("tlogtest: " + err.Error())
	}
	return signed
}

// Checkpoint is that of pb.LedgerServer.
func (l *Log) Checkpoint(context.Context, *pb.CheckpointRequest) (*pb.CheckpointResponse, error) {
	return &pb.CheckpointResponse{Note: l.Sign(), Key: l.public()}, nil
}

// Tile is that of pb.LedgerServer.
func (l *Log) Tile(_ context.Context, req *pb.TileRequest) (*pb.TileResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.build()
	var out []byte
	if int(req.GetLevel()) < len(l.hashes) {
		for i := req.GetIndex() * tlog.Width; i < req.GetIndex()*tlog.Width+uint64(req.GetWidth()) && i < uint64(len(l.hashes[req.GetLevel()])); i++ {
			out = append(out, l.hashes[req.GetLevel()][i]...)
		}
	}
	if l.Edit != nil {
		l.Edit(uint64(req.GetLevel()), req.GetIndex(), out)
	}
	return &pb.TileResponse{Data: out[:max(0, len(out)-l.Cut)]}, nil
}

// Bundle is that of pb.LedgerServer.
func (l *Log) Bundle(_ context.Context, req *pb.TileRequest) (*pb.TileResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []byte
	for i := req.GetIndex() * tlog.Width; i < req.GetIndex()*tlog.Width+uint64(req.GetWidth()) && i < uint64(len(l.leaves)); i++ {
		out = binary.BigEndian.AppendUint16(out, uint16(len(l.leaves[i])))
		out = append(out, l.leaves[i]...)
	}
	return &pb.TileResponse{Data: out[:max(0, len(out)-l.Cut)]}, nil
}

// Find is that of pb.LedgerServer.
func (l *Log) Find(_ context.Context, req *pb.FindRequest) (*pb.FindResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	res := &pb.FindResponse{}
	for _, want := range req.GetLeaves() {
		place := slices.IndexFunc(l.leaves, func(leaf []byte) bool { return slices.Equal(leaf, want) })
		res.Positions = append(res.Positions, int64(place))
	}
	return res, nil
}

// Readable is that of pb.LedgerServer.
func (l *Log) Readable(_ context.Context, req *pb.ReadableRequest) (*pb.ReadableResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	res := &pb.ReadableResponse{}
	for i, leaf := range l.leaves {
		if uint64(i) >= req.GetFrom() && len(leaf) != 32 {
			res.Positions = append(res.Positions, uint64(i))
		}
	}
	return res, nil
}

// Invoke lets a Log stand where a connection to a collector does.
func (l *Log) Invoke(ctx context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	var res proto.Message
	var err error
	switch req := args.(type) {
	case *pb.CheckpointRequest:
		res, err = l.Checkpoint(ctx, req)
	case *pb.TileRequest:
		if method == pb.Ledger_Bundle_FullMethodName {
			res, err = l.Bundle(ctx, req)
		} else {
			res, err = l.Tile(ctx, req)
		}
	case *pb.FindRequest:
		res, err = l.Find(ctx, req)
	case *pb.ReadableRequest:
		res, err = l.Readable(ctx, req)
	}
	if err == nil {
		proto.Merge(reply.(proto.Message), res)
	}
	return err
}

// NewStream is no part of a ledger.
func (l *Log) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("tlogtest: a ledger has no streams")
}

// Source is the ledger without a network.
type Source struct{ Log *Log }

// Checkpoint is that of tlog.Source.
func (s Source) Checkpoint(ctx context.Context) (signed, key []byte, err error) {
	res, err := s.Log.Checkpoint(ctx, nil)
	return res.GetNote(), res.GetKey(), err
}

// Tile is that of tlog.Source.
func (s Source) Tile(ctx context.Context, level, index uint64, width int) ([]byte, error) {
	res, err := s.Log.Tile(ctx, &pb.TileRequest{Level: uint32(level), Index: index, Width: uint32(width)})
	return res.GetData(), err
}

// Bundle is that of tlog.Source.
func (s Source) Bundle(ctx context.Context, index uint64, width int) ([]byte, error) {
	res, err := s.Log.Bundle(ctx, &pb.TileRequest{Index: index, Width: uint32(width)})
	return res.GetData(), err
}
