package erasure

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/code"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/proxy"
	"github.com/byleave/byleave/proto/tlog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

const codeKind = "erasure"

// ErrReceipt means that a text is no receipt. The error quotes nothing: a receipt is secret.
var ErrReceipt = errors.New("this is not a whole receipt; copy all of it, from byleave:// to its end, in quotes")

// Receipt is what a person keeps: with it alone they erase everything of theirs, from any machine. The zero Receipt is none.
type Receipt struct {
	Collector  string   // host:port
	CA, Ledger [32]byte // fingerprints, as in the invitation
	Code       [32]byte // secret
}

// NewCode draws an erasure code.
func NewCode() (c [32]byte) {
	rand.Read(c[:]) // never fails: it ends the program rather than giving weak bytes
	return c
}

// Hash is all that the collector holds of a code.
func Hash(c [32]byte) [32]byte {
	return sha256.Sum256(append([]byte("byleave erasure code v1\x00"), c[:]...))
}

// Text is the code as a person types it.
func (r Receipt) Text() string { return code.Encode(codeKind, r.Code[:]) }

// String is the receipt as one string. It is secret.
func (r Receipt) String() string {
	return "byleave://" + r.Collector + "/?ca=" + encode(r.CA) + "&ledger=" + encode(r.Ledger) + "&erase=" + r.Text()
}

func encode(b [32]byte) string { return base64.RawURLEncoding.EncodeToString(b[:]) }

// ParseReceipt reads what String wrote.
func ParseReceipt(text string) (Receipt, error) {
	if len(text) > 2048 {
		return Receipt{}, ErrReceipt
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "byleave" || u.User != nil {
		return Receipt{}, ErrReceipt
	}
	if !pin.Dialled(u.Host) {
		return Receipt{}, ErrReceipt
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(q["ca"]) != 1 || len(q["ledger"]) != 1 {
		return Receipt{}, ErrReceipt
	}
	r := Receipt{Collector: u.Host}
	for name, to := range map[string]*[32]byte{"ca": &r.CA, "ledger": &r.Ledger} {
		fp, err := base64.RawURLEncoding.Strict().DecodeString(q.Get(name))
		if err != nil || len(fp) != 32 {
			return Receipt{}, ErrReceipt
		}
		*to = [32]byte(fp)
	}
	r.Code, err = ParseCode(q.Get("erase"))
	return r, err
}

// ParseCode reads a typed code; its error names the group with the mistake.
func ParseCode(text string) (c [32]byte, err error) {
	b, err := code.Decode(codeKind, text)
	if err != nil {
		return c, fmt.Errorf("the erasure code: %w", err)
	}
	return [32]byte(b), nil
}

// Ask erases everything of the receipt's person and returns the record, verified. The code is sent only after the other end has
// proved to be the collector of the receipt.
func Ask(ctx context.Context, r Receipt) (m *pb.ErasureRecord, err error) {
	through, err := proxy.For(r.Collector)
	if err != nil {
		return nil, err
	}
	target, how := proxy.Through(through, r.Collector)
	server := pin.ByFingerprint(r.CA)
	conn, err := grpc.NewClient(target, append(how, grpc.WithTransportCredentials(credentials.NewTLS(server.TLS())), grpc.WithDisableServiceConfig())...)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	id := make([]byte, 16)
	rand.Read(id)
	salt := tlog.SecretOf(r.Code).Salt(tlog.Erasure, id)
	res, err := pb.NewRightsClient(conn).EraseByCode(ctx, &pb.EraseByCodeRequest{Code: r.Code[:], Id: id, Salt: salt[:]})
	switch {
	case server.Refused():
		return nil, errors.New("whoever answers is not the collector of this receipt")
	case status.Code(err) == codes.PermissionDenied:
		return nil, errors.New("the collector knows no such code; compare it with the receipt, or a newer receipt replaced it")
	case status.Code(err) == codes.Unavailable:
		return nil, errors.New("the collector does not answer or is busy; try again in a minute")
	case err != nil:
		return nil, errors.New("the collector refuses; ask the operator to look at its log")
	}
	return Verify(res, r.Ledger, id)
}
