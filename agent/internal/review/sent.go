package review

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Picture is a frame without its bytes.
type Picture struct {
	Name   string `json:"name"` // its SHA-256
	Width  uint32 `json:"width"`
	Height uint32 `json:"height"`
	Bytes  int    `json:"bytes"`
}

// Plain is the whole plaintext of one box: nothing else lies under its seal.
type Plain struct {
	Payload json.RawMessage `json:"payload"` // every field, but for the bytes of the pictures
	Frames  []Picture       `json:"frames"`
}

// Plaintext writes out what a box holds.
func Plaintext(p *pb.Payload) (Plain, error) {
	out := Plain{Frames: []Picture{}}
	bare := without(p, "frames")
	for _, f := range p.GetFrames() {
		out.Frames = append(out.Frames, Picture{hex.EncodeToString(f.GetSha256()) + ".png", f.GetWidth(), f.GetHeight(), len(f.GetImage())})
		bare.Frames = append(bare.Frames, without(f, "image"))
	}
	b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(bare)
	if err != nil {
		return Plain{}, fmt.Errorf("write out a box: %w", err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, b, "", "  "); err != nil { // protojson's own spaces differ from run to run
		return Plain{}, fmt.Errorf("write out a box: %w", err)
	}
	out.Payload = text.Bytes()
	return out, nil
}

// without is m without a field; it shares the rest. A field of a later version is not lost.
func without[M proto.Message](m M, field protoreflect.Name) M {
	out := m.ProtoReflect().New()
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.Name() != field {
			out.Set(f, v)
		}
		return true
	})
	return out.Interface().(M)
}

// asSent is the page of one box, exactly as it leaves or has left.
type asSent struct {
	Box   Box
	Text  string
	Plain Plain
	None  bool // nothing waits
}

func (s *server) asSent(w http.ResponseWriter, r *http.Request, x *index) {
	var o *opened
	id := r.PathValue("box")
	for _, b := range x.all() {
		if id == "next" && b.Next || b.ID == id {
			o = b
		}
	}
	if o == nil && id == "next" {
		s.say(w, http.StatusOK, "sent", asSent{None: true})
		return
	}
	if o == nil {
		s.missing(w, r)
		return
	}
	p, err := x.payload(o)
	if err != nil {
		s.say(w, http.StatusOK, "trouble", "This box cannot be opened: "+o.Damage(err)+".")
		return
	}
	plain, err := Plaintext(p)
	if err != nil {
		s.trouble(w, err)
		return
	}
	s.say(w, http.StatusOK, "sent", asSent{Box: o.Box, Text: string(plain.Payload), Plain: plain})
}
