package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/byleave/byleave/collector/internal/ingest"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/cloud"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/collector/internal/vault"
)

// cloudName is the file that makes a collector one of many over the same database and bucket. Without it, the folder is the store.
const cloudName = "cloud.json"

// keeper is the store that serve has open, whichever it is.
type keeper interface {
	store.Store
	// fits tells whether the vault's key is the one under which the store's keys lie.
	fits(ctx context.Context, v *vault.Vault) error
	// jobs does what a store does by itself until ctx ends.
	jobs(ctx context.Context, sign store.SignErasure)
	// reads are the files outside the folder that a store reads which is reached by TCP; nil: nothing is reached.
	reads() []string
	// share makes the ledger one that all collectors of the store write, and lets in take no box before hear tells what others take.
	share(l *ledger.Log, in *ingest.Ingest)
	// hear tells in what other collectors of the store take, and them of new policies, until ctx ends.
	hear(ctx context.Context, in *ingest.Ingest, p *ingest.PolicyFile)
}

type embedded struct{ *embed.Store }

func (e embedded) fits(ctx context.Context, v *vault.Vault) error { return fits(ctx, v, e.Index) }

func fits(ctx context.Context, v *vault.Vault, x *embed.Index) error {
	somebody, err := x.AnyPerson(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = v.Fits(ctx, somebody)
	}
	return err
}

// jobs of the embedded store are done when it is opened and with each erasure.
func (embedded) jobs(context.Context, store.SignErasure) {}

// reads are none: the folder is the store.
func (embedded) reads() []string { return nil }

// share does nothing: the folder is the ledger, and there are no others.
func (embedded) share(*ledger.Log, *ingest.Ingest) {}

// hear has nothing to tell.
func (embedded) hear(context.Context, *ingest.Ingest, *ingest.PolicyFile) {}

type scaled struct {
	*cloud.Store
	lock io.Closer // of the folder, which holds a copy of the ledger
	keys []string  // files with keys of the bucket
	log  *slog.Logger
}

// Close closes the store and frees the folder. Closing twice is harmless.
func (s scaled) Close() error {
	err := s.Store.Close()
	if e := s.lock.Close(); !errors.Is(e, os.ErrClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// fits is asked by the store itself when it is opened.
func (scaled) fits(context.Context, *vault.Vault) error { return nil }

func (s scaled) reads() []string { return s.keys }

func (s scaled) jobs(ctx context.Context, sign store.SignErasure) { s.Run(ctx, sign) }

func (s scaled) share(l *ledger.Log, in *ingest.Ingest) {
	l.SetShared(s.Store)
	in.Deaf()
}

func (s scaled) hear(ctx context.Context, in *ingest.Ingest, p *ingest.PolicyFile) {
	var publishing sync.WaitGroup
	publishing.Go(func() { s.publish(ctx, p) })
	defer publishing.Wait()
	s.Hear(ctx, in)
}

// publishAgain is how long a policy waits that could not be published.
const publishAgain = 10 * time.Second

// publish hands each new policy in the folder to the other collectors, until ctx ends.
func (s scaled) publish(ctx context.Context, p *ingest.PolicyFile) {
	for ctx.Err() == nil {
		changed, again := p.Changed(), (<-chan time.Time)(nil)
		if raw := p.Bytes(); raw != nil {
			if err := s.Publish(ctx, raw, p.Follows); err != nil && ctx.Err() == nil {
				s.log.Warn("the policy could not be given to the other collectors; it is tried again", "error", err)
				again = time.After(publishAgain)
			}
		}
		select {
		case <-changed:
		case <-again:
		case <-ctx.Done():
		}
	}
}

// cloud is what cloud.json says; ok is false if there is none. Errors name file, line and field, never a key.
func (h home) cloud() (c cloud.Config, wrap [32]byte, ok bool, err error) {
	text, err := os.ReadFile(h.path(cloudName))
	if errors.Is(err, fs.ErrNotExist) {
		return c, wrap, false, nil
	}
	if err != nil {
		return c, wrap, false, fmt.Errorf("read %s: %w", cloudName, errors.Unwrap(err))
	}
	if c, err = cloud.ParseConfig(text); err != nil {
		return c, wrap, false, fmt.Errorf("%s: %w", cloudName, err)
	}
	if packs, err := filepath.Glob(h.path(filepath.Join("packs", "*.pack"))); err != nil || len(packs) > 0 {
		return c, wrap, false, errors.Join(err, fmt.Errorf("%s names a database and a bucket, and packs/ holds boxes of this folder's own store, which would be served no more: "+
			"move one of the two away", cloudName))
	}
	wrap, err = vault.Derive(string(h), "byleave epoch keys of a scale-out store v1")
	return c, wrap, true, err
}

// openStore opens the store that the folder chooses, and repairs it.
func (h home) openStore(ctx context.Context, log *slog.Logger) (keeper, error) {
	c, wrap, ok, err := h.cloud()
	if err != nil {
		return nil, err
	}
	if !ok {
		st, rep, err := embed.Open(ctx, string(h), log)
		if err != nil {
			return nil, err
		}
		if rep != (embed.Report{}) {
			log.Warn("the store was repaired", "tails_cut", rep.Torn, "boxes_without_bytes", rep.Missing, "index_salvaged", rep.Salved, "tables_cut_short", rep.Lost,
				"erasures_completed", rep.Erased, "boxes_without_key", rep.Shut, "people_without_key", rep.Keyless)
		}
		return embedded{st}, nil
	}
	lock, err := embed.Lock(string(h))
	if err != nil {
		return nil, err
	}
	st, rep, err := cloud.Open(ctx, c, wrap, log)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if rep != (cloud.Report{}) {
		log.Warn("the store was repaired", "erasures_completed", rep.Erased, "boxes_without_key", rep.Shut)
	}
	keys := []string{}
	if c.Bucket.KeyFile != "" {
		keys = append(keys, c.Bucket.KeyFile)
	}
	return scaled{st, lock, keys, log}, nil
}

// index is what invite and revoke need of the store, beside running collectors.
type index interface {
	Invite(ctx context.Context, lot []store.Invitation) error
	Revoke(ctx context.Context, id store.ID) error
	CustodiansNamed(ctx context.Context, name string) ([]store.ID, error)
	Close() error
}

func (h home) openIndex(ctx context.Context) (index, error) {
	c, _, ok, err := h.cloud()
	if err != nil {
		return nil, err
	}
	if ok {
		return cloud.OpenIndex(ctx, c)
	}
	return embed.OpenIndex(ctx, string(h))
}
