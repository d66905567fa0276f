//go:build unix

package ledger

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"github.com/byleave/byleave/proto/tlog"
)

// publishIn is the shortest interval that tessera knows.
const publishIn = 100 * time.Millisecond

// sign makes the folder if there is none, and sees to it that a signed checkpoint covers all that is in the log: a crash may have come
// between the two.
func (l *Log) sign(ctx context.Context) error {
	if err := os.MkdirAll(l.path(), 0o700); err != nil {
		return fmt.Errorf("ledger: make the folder: %w", err)
	}
	if err := l.with(ctx, func(*tessera.Appender) error { return nil }); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// write appends leaves in their order and returns the place of the first, once a signed checkpoint covers them.
func (l *Log) write(ctx context.Context, bodies [][]byte) (first uint64, err error) {
	err = l.with(ctx, func(a *tessera.Appender) error {
		futures := make([]tessera.IndexFuture, len(bodies))
		for i, b := range bodies {
			futures[i] = a.Add(ctx, tessera.NewEntry(b))
		}
		for i, f := range futures {
			got, err := f()
			if err != nil {
				return fmt.Errorf("append a leaf: %w", err)
			}
			if i == 0 {
				first = got.Index
			}
			if got.Index != first+uint64(i) {
				return errors.New("append a leaf: somebody else writes this ledger")
			}
		}
		return nil
	})
	return first, err
}

// with opens an appender for one append. While none is open nothing ticks; its own batches are larger than ours, so that an append is
// taken whole or not at all.
func (l *Log) with(ctx context.Context, do func(*tessera.Appender) error) (err error) {
	defer func() { // it panics where it cannot lock its files, and boxes must go on
		if p := recover(); p != nil {
			err = fmt.Errorf("open the log: %v", p)
		}
	}()
	klog.LogToStderr(false) // what it says of files is said by its errors, too
	klog.SetOutput(io.Discard)
	driver, err := posix.New(ctx, posix.Config{Path: l.path()})
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	sign, err := newSigner(l.key)
	if err != nil {
		return err
	}
	opts := tessera.NewAppendOptions().WithCheckpointSigner(sign).WithBatching(appendMost, 10*time.Millisecond).
		WithPushback(2 * appendMost).WithCheckpointInterval(publishIn).WithCheckpointRepublishInterval(0).WithGarbageCollectionInterval(0)
	ctx, cancel := context.WithCancel(ctx) // ends the appender's goroutines
	defer cancel()
	a, shutdown, reader, err := tessera.NewAppender(ctx, driver, opts)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	if err := covered(ctx, reader); err != nil {
		return err
	}
	if err := do(a); err != nil {
		return err
	}
	if err := shutdown(ctx); err != nil { // waits for the checkpoint
		return fmt.Errorf("sign the checkpoint: %w", err)
	}
	return nil
}

// covered waits until a checkpoint covers all that is in the log. The appender writes one by itself.
func covered(ctx context.Context, r tessera.LogReader) error {
	size, err := r.IntegratedSize(ctx)
	if err != nil {
		return fmt.Errorf("read the size of the log: %w", err)
	}
	look := time.NewTicker(publishIn / 4)
	defer look.Stop()
	for {
		signed, err := r.ReadCheckpoint(ctx)
		if err != nil {
			return fmt.Errorf("read the checkpoint: %w", err)
		}
		var cp log.Checkpoint
		if _, err := cp.Unmarshal(signed); err != nil {
			return fmt.Errorf("read the checkpoint: %w", err)
		}
		if cp.Size >= size {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// newSigner makes the signer of the ledger's key.
func newSigner(key ed25519.PrivateKey) (signer, error) {
	v, err := tlog.Verifier(key.Public().(ed25519.PublicKey))
	if err != nil {
		return signer{}, fmt.Errorf("use the ledger's key: %w", err)
	}
	return signer{v, func(msg []byte) ([]byte, error) { return ed25519.Sign(key, msg), nil }}, nil
}

// signer signs checkpoints with the ledger's key.
type signer struct {
	note.Verifier
	sign func(msg []byte) ([]byte, error)
}

// Sign is that of note.Signer.
func (s signer) Sign(msg []byte) ([]byte, error) { return s.sign(msg) }
