package flow

import (
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"google.golang.org/protobuf/proto"
)

// FuzzWithdrawalOf: no bytes are taken for a withdrawal of the person but those that carry the word of just that consent.
func FuzzWithdrawalOf(f *testing.F) {
	secret := tlog.SecretOf([32]byte{1})
	word := secret.Word([16]byte{2})
	real := must(proto.Marshal(&pb.ConsentStub{Id: append([]byte{2}, make([]byte, 15)...), Withdrawn: true, Word: word[:]}))
	f.Add(real)
	f.Add(real[:len(real)-1])
	f.Add(append(real[:len(real):len(real)], real...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		consent, ok := withdrawalOf(&pb.Signed{Body: body}, secret)
		if ok && consent != [16]byte{2} {
			t.Fatalf("believed a withdrawal of %x", consent)
		}
	})
}
