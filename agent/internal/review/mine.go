package review

import (
	"context"
	"time"

	"github.com/byleave/byleave/proto/pb"
)

// State says where a box stands.
type State uint8

// The states of a box.
const (
	Held  State = iota // nothing of it has left this computer
	Sent               // the collector has it; this is the person's copy
	Aside              // damaged, refused or foreign
)

// Box is one sealed box on this computer. Only its frame is known before it is opened.
type Box struct {
	ID          string // of the batch, in hex; the file's name where no batch is known
	Sequence    uint64
	State       State
	Next        bool      // it is the next to leave
	Leaves      time.Time // not before; zero: not known
	From, Until time.Time // in whole seconds, rounded outwards: what forgetting goes by
	Size        int64
	Open        func() (*pb.Payload, error) // with the person's key
	Damage      func(error) string          // why it did not open, in words
}

// Mine is what a person may see and do once their own key is open. Its functions may be called at the same time.
type Mine struct {
	Boxes     func(context.Context) ([]Box, error)
	Forget    func(context.Context, Span) (Forgotten, error)
	ForgetAll func(context.Context, []byte) (Forgotten, error) // with the passphrase of a new key
	Erasures  func() (Erasures, error)
}

// Span is a time to forget.
type Span struct{ From, Until time.Time }

// Forgotten says what was destroyed.
type Forgotten struct {
	Boxes     int    // on this computer
	Requested int    // that the collector is asked for
	All       bool   // it is asked for everything
	Record    string // its signed word, as a sentence; empty: it has not answered yet
	Recovery  string // the code of the new key, shown once
}

// Erasures are what the collector signed, and how many erasures still wait for its word.
type Erasures struct {
	Done    []string
	Waiting int
}
