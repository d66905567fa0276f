package payload

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/pb"
)

// The two forms: in the first everything stands written out.
const (
	Full = 1
	Lean = 2
)

// What makes a payload unacceptable.
var (
	errMessage  = errors.New("not a protobuf message")
	errFrame    = errors.New("a frame does not fit its hash")
	errPlace    = errors.New("a frame is named that is not there")
	errRepeated = errors.New("one window is repeated too often")
)

// mostRepeated bounds the bytes of the windows and elements that were left out: a reader that writes everything out must not be made to
// write more. A minute of work repeats a few hundred windows of a few hundred bytes.
const mostRepeated = 4 << 20

// Pack writes p in the lean form, or in the full one if the lean one does not tell everything of p. It does not change p.
func Pack(p *pb.Payload) ([]byte, error) {
	lean := shorten(p)
	again := proto.CloneOf(lean)
	if expand(again) == nil {
		again.Schema = p.GetSchema()
		if proto.Equal(again, p) {
			return marshal(lean)
		}
	}
	full := proto.CloneOf(p)
	full.Schema = Full
	return marshal(full)
}

func marshal(p *pb.Payload) ([]byte, error) {
	b, err := proto.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode a payload: %w", err)
	}
	return b, nil
}

// Unpack reads both forms and gives everything written out; each frame lies under its own hash. It is for bytes that were made elsewhere,
// whose size and number of messages the caller has bounded. Messages that are alike may be one: nobody may change them.
func Unpack(b []byte) (*pb.Payload, error) {
	p := new(pb.Payload)
	if err := proto.Unmarshal(b, p); err != nil {
		return nil, errMessage
	}
	switch p.GetSchema() {
	case Full:
		return p, whole(p)
	case Lean:
		return p, expand(p)
	}
	return nil, fmt.Errorf("schema %d, this program reads %d and %d", p.GetSchema(), Full, Lean)
}

// whole tells whether a full payload is what it says.
func whole(p *pb.Payload) error {
	for _, f := range p.GetFrames() {
		if sum := sha256.Sum256(f.GetImage()); !bytes.Equal(sum[:], f.GetSha256()) {
			return errFrame
		}
	}
	for _, e := range p.GetEvents() {
		if a := e.GetAction(); a.GetBefore().GetFrame() != 0 || a.GetAfter().GetFrame() != 0 {
			return errPlace
		}
	}
	return nil
}

// shorten is a lean copy of p. It shares the pictures.
func shorten(p *pb.Payload) *pb.Payload {
	out := &pb.Payload{Schema: Lean, Session: p.GetSession(), StartedAt: p.GetStartedAt(), Redactor: p.GetRedactor(), Platform: p.GetPlatform()}
	place := map[string]uint32{}
	for i, f := range p.GetFrames() {
		place[string(f.GetSha256())] = uint32(i + 1)
		out.Frames = append(out.Frames, &pb.Frame{Width: f.GetWidth(), Height: f.GetHeight(), Format: f.GetFormat(), Image: f.GetImage(), Mask: f.GetMask()})
	}
	var last before
	for _, e := range p.GetEvents() {
		short := proto.CloneOf(e)
		short.AtMs = (e.GetAtMs() - last.at) / tick
		last.at = e.GetAtMs()
		if g := short.GetGap(); g != nil {
			g.EndMs = (g.GetEndMs() - e.GetAtMs()) / tick
		}
		if a := short.GetAction(); a != nil {
			last.shorten(a, place)
		}
		out.Events = append(out.Events, short)
	}
	return out
}

// expand writes out what shorten left out, in place.
func expand(p *pb.Payload) error {
	for _, f := range p.GetFrames() {
		sum := sha256.Sum256(f.GetImage())
		if f.Sha256 != nil {
			return errFrame
		}
		f.Sha256 = sum[:]
	}
	var last before
	for _, e := range p.GetEvents() {
		e.AtMs = last.at + e.GetAtMs()*tick
		last.at = e.GetAtMs()
		if g := e.GetGap(); g != nil {
			g.EndMs = e.GetAtMs() + g.GetEndMs()*tick
		}
		if a := e.GetAction(); a != nil {
			if err := last.expand(a, p.GetFrames()); err != nil {
				return err
			}
		}
	}
	return nil
}
