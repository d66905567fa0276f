package ledger

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io/fs"
	"log/slog"
	"sync/atomic"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/transparency-dev/tessera/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	readersMost  = 64 // at once: everybody may read, and nobody may read all the time of the machine
	findMost     = 1000
	readableMost = 1000
	levelMost    = 7
	indexMost    = 1 << 40
)

// Folder reads the ledger in a collector's folder, as whoever has a copy of it can.
type Folder struct {
	files client.FileFetcher
	key   ed25519.PublicKey
}

// NewFolder reads the ledger in dir, which it says to be signed by key.
func NewFolder(dir string, key ed25519.PublicKey) Folder {
	l := Log{dir: dir}
	return Folder{client.FileFetcher{Root: l.path()}, key}
}

// Checkpoint is that of tlog.Source.
func (f Folder) Checkpoint(ctx context.Context) (signed, key []byte, err error) {
	signed, err = f.files.ReadCheckpoint(ctx)
	return signed, f.key, err
}

// Tile is that of tlog.Source.
func (f Folder) Tile(ctx context.Context, level, index uint64, width int) ([]byte, error) {
	return f.files.ReadTile(ctx, level, index, uint8(width%tlog.Width))
}

// Bundle is that of tlog.Source.
func (f Folder) Bundle(ctx context.Context, index uint64, width int) ([]byte, error) {
	return f.files.ReadEntryBundle(ctx, index, uint8(width%tlog.Width))
}

func (l *Log) source() Folder { return NewFolder(l.dir, l.key.Public().(ed25519.PublicKey)) }

func fingerprint(key ed25519.PublicKey) [32]byte { return sha256.Sum256(key) }

// Service lets everybody read the ledger.
type Service struct {
	pb.UnimplementedLedgerServer
	files   Folder
	ledger  *Log
	store   keeper
	log     *slog.Logger
	readers atomic.Int32
}

// NewService serves the ledger of l.
func NewService(l *Log) *Service {
	return &Service{files: l.source(), ledger: l, store: l.store, log: l.log}
}

// Checkpoint returns the newest checkpoint.
func (s *Service) Checkpoint(ctx context.Context, _ *pb.CheckpointRequest) (*pb.CheckpointResponse, error) {
	// What another collector wrote and showed must be here, too: nobody may see a shorter ledger than before.
	if err := s.ledger.Follow(ctx); err != nil {
		return nil, s.trouble(err)
	}
	signed, key, err := s.files.Checkpoint(ctx)
	if err != nil {
		return nil, s.trouble(err)
	}
	return &pb.CheckpointResponse{Note: signed, Key: key}, nil
}

// Tile returns one tile.
func (s *Service) Tile(ctx context.Context, req *pb.TileRequest) (*pb.TileResponse, error) {
	return s.part(ctx, req, func() ([]byte, error) {
		return s.files.Tile(ctx, uint64(req.GetLevel()), req.GetIndex(), int(req.GetWidth()))
	})
}

// Bundle returns one bundle of leaves.
func (s *Service) Bundle(ctx context.Context, req *pb.TileRequest) (*pb.TileResponse, error) {
	return s.part(ctx, req, func() ([]byte, error) {
		return s.files.Bundle(ctx, req.GetIndex(), int(req.GetWidth()))
	})
}

func (s *Service) part(ctx context.Context, req *pb.TileRequest, read func() ([]byte, error)) (*pb.TileResponse, error) {
	if req.GetLevel() > levelMost || req.GetIndex() > indexMost || req.GetWidth() < 1 || req.GetWidth() > tlog.Width {
		return nil, status.Error(codes.InvalidArgument, "the ledger has no such part")
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.readers.Add(-1)
	data, err := read()
	if errors.Is(err, fs.ErrNotExist) && s.ledger.shared != nil { // of a checkpoint that another collector gave out
		if err = s.ledger.Follow(ctx); err == nil {
			data, err = read()
		}
	}
	if err != nil {
		return nil, s.trouble(err)
	}
	return &pb.TileResponse{Data: data}, nil
}

// Find says where leaves stand.
func (s *Service) Find(ctx context.Context, req *pb.FindRequest) (*pb.FindResponse, error) {
	if len(req.GetLeaves()) > findMost {
		return nil, status.Error(codes.InvalidArgument, "at most 1000 leaves are looked for at once")
	}
	for _, leaf := range req.GetLeaves() {
		if len(leaf) != 32 {
			return nil, status.Error(codes.InvalidArgument, "a leaf about a person has 32 bytes")
		}
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.readers.Add(-1)
	places, err := s.store.FindLeaves(ctx, req.GetLeaves())
	if err != nil {
		return nil, s.trouble(err)
	}
	return &pb.FindResponse{Positions: places}, nil
}

// Readable says where the leaves of exports stand.
func (s *Service) Readable(ctx context.Context, req *pb.ReadableRequest) (*pb.ReadableResponse, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.readers.Add(-1)
	places, err := s.store.ReadableLeaves(ctx, min(req.GetFrom(), indexMost*tlog.Width), readableMost)
	if err != nil {
		return nil, s.trouble(err)
	}
	return &pb.ReadableResponse{Positions: places}, nil
}

func (s *Service) enter() error {
	if s.readers.Add(1) > readersMost {
		s.readers.Add(-1)
		return status.Error(codes.Unavailable, "too many read the ledger at once")
	}
	return nil
}

func (s *Service) trouble(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return status.Error(codes.NotFound, "the ledger has no such part")
	}
	s.log.Error("the ledger cannot be read", "error", err)
	return status.Error(codes.Unavailable, "the ledger cannot be read now")
}
