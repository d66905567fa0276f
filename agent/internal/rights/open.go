package rights

import (
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"fmt"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/pb"
)

// Reader opens boxes with the person's own key. It keeps nothing of what it opened.
type Reader struct {
	key    hpke.PrivateKey
	device ed25519.PublicKey
}

// NewReader opens what device sealed for the person whose key it is.
func NewReader(key hpke.PrivateKey, device ed25519.PublicKey) Reader { return Reader{key, device} }

// Open opens one box. Its errors are those of envelope and open; Damage puts them into words.
func (r Reader) Open(raw []byte, batch envelope.ID, sequence uint64) (*pb.Payload, error) {
	box, err := envelope.Parse(raw)
	if err != nil {
		return nil, err
	}
	if h := box.Header(); h.Batch != batch || h.Sequence != sequence {
		return nil, fmt.Errorf("%w: it lies under another box's name", envelope.ErrForged)
	}
	return open.ByPerson(box, r.key, open.SignedBy(r.device))
}

// Damage says in words why a box does not open.
func Damage(err error) string {
	for _, d := range []struct {
		is    error
		words string
	}{
		{envelope.ErrTruncated, "its end is missing"},
		{envelope.ErrNotAddressed, "it was sealed for another key than yours"},
		{envelope.ErrForged, "it was changed after it was sealed, or another computer sealed it"},
		{envelope.ErrTooLarge, "it is larger than any box"},
		{envelope.ErrMalformed, "it is not a box"},
		{open.ErrPayload, "it holds what this program does not know"},
	} {
		if errors.Is(err, d.is) {
			return d.words
		}
	}
	return "its file could not be read"
}
