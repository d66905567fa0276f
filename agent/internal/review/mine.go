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
	Released    bool      // the person let it leave: only the network, the battery and the limits keep it
	Sealed      time.Time
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
	ForgetApp func(context.Context, string) (Forgotten, error)
	ForgetBox func(context.Context, string) (Forgotten, error)
	Erasures  func() (Erasures, error)
	Stones    func() []uint64 // the numbers of the boxes that were cut here

	// Narrow is what would be left of a held box; nil: nothing that was done. Cut carries it out; whole tells that the box is gone.
	Narrow func(context.Context, string, Cut) (*pb.Payload, error)
	Cut    func(context.Context, string, Cut) (whole bool, err error)
	// Send lets boxes leave before their hold has passed, and says why they wait all the same.
	Send func(context.Context, []string) (Sending, error)
}

// Cut is what a person takes out of a box.
type Cut struct {
	Events []int          // actions that go, by their place in the box
	Words  []string       // that go wherever they stand
	Texts  map[int]string // typed texts in other words
	Frames []string       // pictures that go whole, by their SHA-256 in hex
	Areas  []Area
}

// IsZero tells that nothing is taken out.
func (c Cut) IsZero() bool {
	return len(c.Events)+len(c.Words)+len(c.Texts)+len(c.Frames)+len(c.Areas) == 0
}

// Area is a part of a picture that is blacked out, in its pixels.
type Area struct {
	Frame      string
	X, Y, W, H int
}

// Sending says how many boxes may leave now, and why they wait all the same.
type Sending struct {
	Boxes int
	Why   string
}

// Span is a time to forget.
type Span struct{ From, Until time.Time }

// Forgotten says what was destroyed.
type Forgotten struct {
	Boxes     int    // on this computer
	Cut       int    // held boxes out of which something was taken
	Damaged   int    // boxes that do not open, so nobody knows what is in them
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
