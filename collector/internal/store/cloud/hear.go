package cloud

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What one collector takes, the others hear of through the database: a transaction notifies, and each collector has a connection of its own on
// which it waits for that and asks nothing. A notification comes once the transaction is committed, or not at all. While the connection is
// lost notifications are, too: whoever hears again looks up what came meanwhile.

// channel is where it is told. A notification is the id of a person who withdrew, newPolicy, or the proof that one arrives.
const (
	channel   = "byleave"
	newPolicy = "policy"
)

const (
	hearFirst = 100 * time.Millisecond // after the connection was lost, then twice as long each time
	hearMost  = 10 * time.Second
)

// Ears is who is told what other collectors take. One goroutine calls it.
type Ears interface {
	// Deaf says that from now on something may go unheard.
	Deaf()
	// Hears says that from now on everything is told; what came before is to be looked up.
	Hears()
	// Withdrew says that a person withdrew a consent, here or elsewhere.
	Withdrew(subject store.ID)
	// Published hands over the newest policy that any collector published.
	Published(signed []byte)
}

// Hear tells to, until ctx ends, of each withdrawal that was committed since, and of the times when it could not be told.
func (s *Store) Hear(ctx context.Context, to Ears) {
	wait := hearFirst
	for ctx.Err() == nil {
		heard, err := s.hear(ctx, to)
		if ctx.Err() != nil {
			return
		}
		to.Deaf()
		if heard {
			wait = hearFirst
		}
		s.log.Warn("boxes wait: the database does not tell what other collectors take; it is tried again", "error", err)
		late := time.NewTimer(wait)
		select {
		case <-late.C:
		case <-ctx.Done():
		}
		late.Stop()
		wait = min(2*wait, hearMost)
	}
}

// hear listens on one connection until that is lost; heard tells whether it ever did.
func (s *Store) hear(ctx context.Context, to Ears) (heard bool, err error) {
	conn := s.takeEar()
	if conn == nil {
		if conn, err = s.listen(ctx); err != nil {
			return false, err
		}
	}
	defer hangUp(ctx, conn)
	if err := s.tellPolicy(ctx, to); err != nil {
		return false, err
	}
	to.Hears()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true, fmt.Errorf("store: wait for other collectors: %w", say(err))
		}
		if subject, ok := deposit.ParseID(n.Payload); ok {
			to.Withdrew(subject)
		}
		if n.Payload == newPolicy {
			if err := s.tellPolicy(ctx, to); err != nil {
				return true, err
			}
		}
	}
}

func (s *Store) tellPolicy(ctx context.Context, to Ears) error {
	signed, err := s.published(ctx)
	if err == nil && len(signed) > 0 {
		to.Published(signed)
	}
	return err
}

// listen makes a connection to which everything is told from now on, and waits for a notification of its own: what stands between here and
// the database may share connections out, so that none ever arrives.
func (s *Store) listen(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectMost)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("store: connect to the database: %w", say(err))
	}
	proof := "proof " + rand.Text()
	if _, err = conn.Exec(ctx, "LISTEN "+channel); err == nil {
		_, err = s.pool.Exec(ctx, "SELECT pg_notify($1, $2)", channel, proof)
	}
	for n := (&pgconn.Notification{}); err == nil && n.Payload != proof; {
		n, err = conn.WaitForNotification(ctx)
	}
	if err != nil {
		hangUp(ctx, conn)
		return nil, fmt.Errorf("store: the database's notifications do not arrive; a pooler before it must give out whole sessions: %w", say(err))
	}
	return conn, nil
}

func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectMost)
	defer cancel()
	_ = conn.Close(ctx) // nothing was said on it that could be lost
	select {
	case <-conn.PgConn().CleanupDone():
	case <-ctx.Done():
	}
}

// takeEar is the connection that Open made, once.
func (s *Store) takeEar() *pgx.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conn := s.ear
	s.ear = nil
	return conn
}

// tell tells all collectors what, once the transaction is committed.
func tell(ctx context.Context, tx pgx.Tx, what string) error {
	if _, err := tx.Exec(ctx, "SELECT pg_notify($1, $2)", channel, what); err != nil {
		return fmt.Errorf("store: tell other collectors: %w", say(err))
	}
	return nil
}
