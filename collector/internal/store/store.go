package store

import (
	"context"
	"errors"
	"iter"
	"time"
)

// ID names a batch, a subject, a device, a consent, a custodian or an export: 16 random bytes.
type ID = [16]byte

// What a caller decides upon. Every other error is trouble of the store itself: refuse for now, never acknowledge.
var (
	ErrNotFound = errors.New("store: not found")
	ErrExists   = errors.New("store: exists already")
	ErrDamaged  = errors.New("store: stored bytes are damaged")
	ErrClosed   = errors.New("store: closed")
	ErrLimit    = errors.New("store: the device has reached its limit")
)

// Store keeps everything that a collector knows. All methods may be called at once from many goroutines.
type Store interface {
	Boxes
	People
	Exports
	Erasures
	Leaves
	Mine
	Joins
	Shown
	// Close waits for what runs and releases the store. Closing twice is harmless.
	Close() error
}

// Boxes keeps sealed batches.
type Boxes interface {
	// Put stores a group and says for each record, in order, what became of it. When it returns, every Stored record
	// is on stable storage with its index row and its outbox row; after an error nothing of the group may be acknowledged.
	// It is idempotent: the same bytes again are Duplicate, other bytes under the same id are Conflict. Once it has returned, however it
	// ended, the bytes of the group are the caller's again, who may overwrite them.
	Put(ctx context.Context, group []Record) ([]Outcome, error)
	// Standing says what would keep a box of this device and consent out, without storing anything.
	Standing(ctx context.Context, device, consent ID) (Standing, error)
	// Read returns a whole record. ErrNotFound; ErrDamaged if its bytes do not match their checksum.
	Read(ctx context.Context, batch ID) (Record, error)
	// Scan yields what q asks for in order of arrival, without the bytes.
	Scan(ctx context.Context, q Query) iter.Seq2[Row, error]
	// Days sums up each UTC day that ended before now and had boxes of at least least people, oldest first. What was told of a day once
	// stays: no later erasure changes it.
	Days(ctx context.Context, now time.Time, least int) ([]Day, error)
	// Arrived is closed after the next stored group; a waiter asks first, then scans.
	Arrived() <-chan struct{}
}

// Record is one sealed box and the facts of its clear header. Head, Capsules and Payload joined are the box.
type Record struct {
	Batch, Subject, Device, Consent ID
	Policy                          [32]byte
	Purpose                         string
	Sequence                        uint64
	Digest                          [32]byte  // names the bytes: equal digests, equal boxes
	Bucket                          uint8     // size class, 0-7
	Received                        time.Time // kept to the hour
	Head, Capsules, Payload         []byte
	Recipients                      [][32]byte // SHA-256 of each custodian's key that the box names
	Leaf                            Leaf       // goes to the outbox in the same transaction
	Lead                            []byte     // what the store itself put before it, if it was prepared: of this store, and never changed
}

// Size is the length of the whole box in bytes.
func (r *Record) Size() int { return len(r.Head) + len(r.Capsules) + len(r.Payload) }

// Outcome says what became of one record.
type Outcome uint8

// The outcomes of Put. The zero Outcome is none of them and acknowledges nothing.
const (
	Stored        Outcome = iota + 1 // durable now
	Duplicate                        // durable before, the same bytes
	Conflict                         // this id holds other bytes
	NoConsent                        // the consent is not known
	Withdrawn                        // the consent was withdrawn
	Mismatch                         // policy or purpose is not the consent's
	UnknownDevice                    // never enrolled, or revoked
	WasErased                        // the person took it back
)

// Standing is how a device and one of its consents stand.
type Standing struct {
	Enrolled   bool // and not revoked
	SigningKey []byte
	Subject    ID
	Known      bool // the consent, as one of this device
	Withdrawn  bool
	Policy     [32]byte
	Purpose    string
}

// Query narrows a Scan. Zero fields do not narrow.
type Query struct {
	Purpose      string
	Since, Until time.Time // arrival, Until exclusive
	After        int64     // Row.Number, exclusive
	Recipient    [32]byte  // only boxes that name this custodian's key
	Live         bool      // only boxes whose consent was not withdrawn
}

// Row is one stored box without its bytes. Number rises by one with each stored box.
type Row struct {
	Number                          int64
	Batch, Subject, Device, Consent ID
	Purpose                         string
	Bucket                          uint8
	Size                            int64
	Received                        time.Time
}

// Day is one UTC day over all people. Who shows it hides or rounds small counts.
type Day struct {
	Day                    time.Time
	Subjects, Boxes, Bytes uint64
}

// Kind says what a leaf is about.
type Kind uint8

// The kinds of leaves. Person leaves have one shape; export leaves can be read by everyone.
const (
	PersonLeaf Kind = iota + 1
	ExportLeaf
)

// Leaf is what the ledger will take from the outbox. A zero Leaf writes none.
type Leaf struct {
	Kind    Kind
	Body    []byte
	Subject ID // of a person leaf; never published, and forgotten once the leaf stands in the ledger
}
