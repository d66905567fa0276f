package redact

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"image/png"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// mostPixels bounds a picture: four screens of 4K.
const mostPixels = 4 * 3840 * 2160

// frame masks a shot and says where it is to be found; without one, or without leave, why there is none.
func (r *Redactor) frame(s *raw.Step, shot *raw.Shot, why string) (*pb.FrameRef, *pb.Frame) {
	switch {
	case !s.Permit.Allows(policy.Frames):
		return &pb.FrameRef{Withheld: "not agreed"}, nil
	case shot == nil || shot.Pix == nil:
		return &pb.FrameRef{Withheld: reason(why)}, nil
	}
	f := r.masker.picture(shot)
	if f == nil {
		return &pb.FrameRef{Withheld: "the picture could not be masked"}, nil
	}
	return &pb.FrameRef{Sha256: f.Sha256, AgeMs: age(shot.Age), Proof: proof(shot.Proof), Canvas: wireRect(shot.Canvas)}, f
}

// reason lets a few plain words pass.
func reason(why string) string {
	for _, c := range []byte(why) {
		if c != ' ' && c != '-' && c != ',' && (c < 'a' || c > 'z') {
			return "not known"
		}
	}
	if why == "" || len(why) > 80 {
		return "not known"
	}
	return why
}

func proof(p string) string {
	switch p {
	case "damage", "slot", "settled", "cap":
		return p
	}
	return ""
}

func age(d time.Duration) uint32 { return uint32(min(max(d.Milliseconds(), 0), 1<<31)) }

// picture masks the shot in place and encodes it; nil if the shot is not what it says or anything goes wrong.
func (m *masker) picture(s *raw.Shot) (f *pb.Frame) {
	c := s.Canvas
	if c.W <= 0 || c.H <= 0 || c.W > mostPixels/c.H || s.Stride < 4*c.W || len(s.Pix) < s.Stride*(c.H-1)+4*c.W {
		return nil
	}
	defer func() {
		if recover() != nil {
			f = nil
		}
	}()
	if !Disconnected {
		m.mask(s)
	}
	img, err := m.encode(s)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(img)
	f = &pb.Frame{Sha256: sum[:], Width: uint32(c.W), Height: uint32(c.H), Format: "png", Image: img, Mask: maskVersion}
	if Disconnected {
		f.Mask = "DISCONNECTED"
	}
	return f
}

// palette numbers the colours of a picture. It is a hash table with open places.
type palette struct {
	slots  [1024]uint32 // colour + 1<<24
	number [1024]uint8
	colors color.Palette
}

// encode writes a PNG with a palette: a masked desktop has few colours. Where there are more than 255, their lowest bits
// are dropped until they fit. Colour 0 is the absent pixel.
func (m *masker) encode(s *raw.Shot) ([]byte, error) {
	w, h := s.Canvas.W, s.Canvas.H
	if cap(m.pixels) < w*h {
		m.pixels = make([]byte, w*h)
	}
	m.pixels = m.pixels[:w*h]
	for keep := uint32(0xff); ; keep = keep << 1 & 0xff {
		if m.number(s, keep|keep<<8|keep<<16) {
			break
		}
	}
	img := &image.Paletted{Pix: m.pixels, Stride: w, Rect: image.Rect(0, 0, w, h), Palette: m.index.colors}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &m.pool}
	if err := enc.Encode(&out, img); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// number fills m.pixels; false if there are too many colours.
func (m *masker) number(s *raw.Shot, keep uint32) bool {
	p := &m.index
	clear(p.slots[:])
	p.colors = append(p.colors[:0], color.NRGBA{})
	w := s.Canvas.W
	last, lastNumber := uint32(0), uint8(0)
	for y := range s.Canvas.H {
		row := s.Pix[y*s.Stride : y*s.Stride+4*w]
		out := m.pixels[y*w : (y+1)*w]
		for x := range out {
			px := row[4*x : 4*x+4 : 4*x+4]
			if px[3] == 0 {
				out[x] = 0
				continue
			}
			c := (uint32(px[0])|uint32(px[1])<<8|uint32(px[2])<<16)&keep | 1<<24
			if c != last {
				n, ok := p.of(c)
				if !ok {
					return false
				}
				last, lastNumber = c, n
			}
			out[x] = lastNumber
		}
	}
	return true
}

// of is the number of a colour, false if the palette is full.
func (p *palette) of(c uint32) (uint8, bool) {
	for i := c * 2654435761 >> 22; ; i = (i + 1) & 1023 {
		switch p.slots[i] {
		case c:
			return p.number[i], true
		case 0:
			if len(p.colors) == 256 {
				return 0, false
			}
			p.slots[i], p.number[i] = c, uint8(len(p.colors))
			p.colors = append(p.colors, color.NRGBA{R: byte(c >> 16), G: byte(c >> 8), B: byte(c), A: 0xff})
			return p.number[i], true
		}
	}
}

// pool keeps the encoder's memory.
type pool struct{ b *png.EncoderBuffer }

// Get gives the kept memory, nil the first time.
func (p *pool) Get() *png.EncoderBuffer { return p.b }

// Put keeps it.
func (p *pool) Put(b *png.EncoderBuffer) { p.b = b }
