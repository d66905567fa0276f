package envelope_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/envelope/payload"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// FuzzParse: any bytes give a box that is exactly those bytes, or an error; never a panic.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(readVector(f, file).box)
	}
	p := newParties(f, 1)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := envelope.Parse(raw)
		if err != nil {
			for _, known := range []error{envelope.ErrTruncated, envelope.ErrMalformed, envelope.ErrTooLarge, envelope.ErrForged} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("unknown error: %v", err)
		}
		header, capsules, payload := b.Parts()
		if !bytes.Equal(bytes.Join([][]byte{header, capsules, payload}, nil), raw) {
			t.Fatal("the parts are not the box")
		}
		if peek, err := envelope.PeekHeader(raw); err != nil || peek != b.Header() {
			t.Fatalf("two readings of one header: %v", err)
		}
		if n := len(b.Capsules()); n < 3 || n > envelope.MaxCustodians+2 {
			t.Fatalf("%d capsules", n)
		}
		if _, err := open.ByPerson(b, p.person); err == nil {
			t.Fatal("a stranger's key opened a box")
		}
	})
}

// FuzzOpen: any bytes as the compressed payload of a well-sealed box give a payload of bounded size, or an error; never a panic.
func FuzzOpen(f *testing.F) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(enc.EncodeAll(marshal(f, samplePayload()), nil))
	for _, seed := range []*pb.Payload{columnsSample(), leanSample()} {
		packed, err := payload.Pack(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(enc.EncodeAll(packed, nil))
	}
	f.Add(enc.EncodeAll(make([]byte, 17<<20), nil))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0})
	p := newParties(f, 1)
	f.Fuzz(func(t *testing.T, compressed []byte) {
		if len(compressed) > seal.MaxCompressed {
			return
		}
		got, err := open.ByPerson(sealPadded(t, p, pad(compressed)), p.person)
		switch {
		case err == nil && (got.GetSchema() < payload.Full || got.GetSchema() > payload.Columns || len(got.GetColumns()) > 0):
			t.Fatal("another schema was accepted")
		case err != nil && !errors.Is(err, open.ErrPayload) && !errors.Is(err, envelope.ErrTooLarge):
			t.Fatalf("unknown error: %v", err)
		case err == nil:
			packed, err := payload.Pack(got)
			if err != nil {
				t.Fatal(err)
			}
			again, err := payload.Unpack(packed)
			if err != nil {
				t.Fatalf("what was read cannot be told again: %v", err)
			}
			if again.Schema = got.GetSchema(); !proto.Equal(again, got) {
				t.Fatal("what was read is told otherwise")
			}
		}
	})
}

// BenchmarkSeal is one box for one custodian, of 64 KiB that do not compress.
func BenchmarkSeal(b *testing.B) {
	p := newParties(b, 1)
	payload := make([]byte, 64<<10)
	for i := range payload {
		payload[i] = byte(i * i >> 3)
	}
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		if _, err := seal.Seal(p.params(), payload); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is the same box, opened by the person.
func BenchmarkOpen(b *testing.B) {
	p := newParties(b, 1)
	box := sealBytes(b, p.params(), marshal(b, samplePayload()))
	for b.Loop() {
		if _, err := open.ByPerson(box, p.person, open.SignedBy(p.device())); err != nil {
			b.Fatal(err)
		}
	}
}
