package payload

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/pb"
)

// The three forms: in the first everything stands written out; the second leaves out what follows from the rest; the third does so, too, and
// tells its events in columns.
const (
	Full    = 1
	Lean    = 2
	Columns = 3
)

// What makes a payload unacceptable.
var (
	errMessage  = errors.New("not a protobuf message")
	errFrame    = errors.New("a frame does not fit its hash")
	errPlace    = errors.New("a frame is named that is not there")
	errToken    = errors.New("a text has other tokens than spans")
	errForm     = errors.New("events in a form that is not this schema's")
	errRepeated = errors.New("one window is repeated too often")
)

// mostRepeated bounds the bytes of the windows and elements that were left out: a reader that writes everything out must not be made to
// write more. A minute of work repeats a few hundred windows of a few hundred bytes.
const mostRepeated = 4 << 20

// Pack writes p in columns, or in full if those do not tell everything of p: it reads back what it wrote. It does not change p.
func Pack(p *pb.Payload) ([]byte, error) {
	short := shorten(p)
	if c, err := columns(short.GetEvents()); err == nil {
		short.Columns, short.Events = c, nil
		b, err := marshal(short)
		if err != nil {
			return nil, err
		}
		if again, err := Unpack(b); err == nil {
			again.Schema = p.GetSchema()
			if proto.Equal(again, p) {
				return b, nil
			}
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

// Unpack reads all forms and gives everything written out; each frame lies under its own hash. It is for bytes that were made elsewhere,
// whose size and number of messages the caller has bounded; columns are bounded here. Messages that are alike may be one: nobody may change them.
func Unpack(b []byte) (*pb.Payload, error) {
	p := new(pb.Payload)
	if err := proto.Unmarshal(b, p); err != nil {
		return nil, errMessage
	}
	schema := p.GetSchema()
	if schema != Columns && len(p.GetColumns()) > 0 || schema == Columns && len(p.GetEvents()) > 0 {
		return nil, errForm
	}
	switch schema {
	case Full:
		return p, whole(p)
	case Lean:
		return p, expand(p, 0)
	case Columns:
		return p, rows(p)
	}
	return nil, fmt.Errorf("schema %d, this program reads %d to %d", schema, Full, Columns)
}

// rows makes events of columns, and writes them out.
func rows(p *pb.Payload) error {
	all, repeated, err := events(p.GetColumns())
	if err != nil {
		return err
	}
	p.Events, p.Columns = all, nil
	last := new(pb.Frame)
	for _, f := range p.GetFrames() {
		if bare(f) {
			f.Width, f.Height, f.Format, f.Mask = last.GetWidth(), last.GetHeight(), last.GetFormat(), last.GetMask()
			repeated += len(f.GetFormat()) + len(f.GetMask())
		}
		last = f
	}
	return expand(p, repeated)
}

// bare tells whether a frame says nothing of itself but its picture: it is like the one before.
func bare(f *pb.Frame) bool {
	return f.GetWidth() == 0 && f.GetHeight() == 0 && f.GetFormat() == "" && f.GetMask() == ""
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

// shorten is a copy of p whose events are lean. It shares the pictures.
func shorten(p *pb.Payload) *pb.Payload {
	out := &pb.Payload{Schema: Columns, Session: p.GetSession(), StartedAt: p.GetStartedAt(), Redactor: p.GetRedactor(), Platform: p.GetPlatform(), InsteadOf: p.GetInsteadOf()}
	place, last := map[string]uint32{}, new(pb.Frame)
	for i, f := range p.GetFrames() {
		place[string(f.GetSha256())] = uint32(i + 1)
		short := &pb.Frame{Image: f.GetImage()}
		if f.GetWidth() != last.GetWidth() || f.GetHeight() != last.GetHeight() || f.GetFormat() != last.GetFormat() || f.GetMask() != last.GetMask() {
			short.Width, short.Height, short.Format, short.Mask = f.GetWidth(), f.GetHeight(), f.GetFormat(), f.GetMask()
		}
		out.Frames, last = append(out.Frames, short), f
	}
	var said before
	for _, e := range p.GetEvents() {
		short := proto.CloneOf(e)
		short.AtMs = (e.GetAtMs() - said.at) / tick
		said.at = e.GetAtMs()
		if g := short.GetGap(); g != nil {
			g.EndMs = (g.GetEndMs() - e.GetAtMs()) / tick
		}
		if a := short.GetAction(); a != nil {
			said.shorten(a, place)
		}
		out.Events = append(out.Events, short)
	}
	return out
}

// expand writes out what a lean event leaves out, in place. So many bytes are repeated already.
func expand(p *pb.Payload, repeated int) error {
	for _, f := range p.GetFrames() {
		sum := sha256.Sum256(f.GetImage())
		if f.Sha256 != nil {
			return errFrame
		}
		f.Sha256 = sum[:]
	}
	last := before{repeated: repeated, marks: p.GetSchema() == Columns}
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
