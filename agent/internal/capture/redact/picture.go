package redact

import (
	"crypto/sha256"
	"slices"
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
	case shot.Empty():
		return &pb.FrameRef{Withheld: reason(why)}, nil
	}
	defer shot.Wipe() // before the next is unpacked
	upTo := r.reach(s, shot)
	as := func() view { return r.view(shot, upTo) }
	f := r.masker.picture(shot, as, func() (*revealed, bool) { return r.reveal.lines(r, shot, upTo) })
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

// age is d in milliseconds, rounded up to 100 as all times that leave: pictures are taken when something changes, so an age to the millisecond
// would tell the pace of keys.
func age(d time.Duration) uint32 {
	return uint32((min(max(d.Milliseconds(), 0), 1<<31) + 99) / 100 * 100)
}

// picture is the shot masked and encoded, but for what show gives once the mask is made; nil if the shot is not what it says or
// anything goes wrong. A picture that was made just before is not made again, if what decides what of it is shown is still the same. Without as
// nothing is shown.
func (m *masker) picture(s *raw.Shot, as func() view, show func() (again *revealed, all bool)) (f *pb.Frame) {
	c := s.Canvas
	if c.W <= 0 || c.H <= 0 || c.W > mostPixels/c.H || s.Stride < 4*c.W || s.Len() < s.Stride*(c.H-1)+4*c.W {
		return nil
	}
	defer func() {
		if recover() != nil {
			f = nil
		}
	}()
	if as == nil {
		as = func() view { return view{} }
	}
	key := m.recent.key(s)
	key.view = as()
	if f := m.recent.find(key); f != nil {
		return f
	}
	read := key.upTo != reachNone && !Disconnected
	if read && !s.Unpack() { // else a stripe at a time
		return nil
	}
	m.recent.look(s)
	made := false
	defer func() {
		m.recent.done(made && !Disconnected)
		m.rooms[0].Wipe()
		m.rooms[1].Wipe()
	}()
	if Disconnected {
		m.size(s)
	} else {
		m.find(s)
	}
	var again *revealed
	all := true
	if read {
		again, all = show()
	}
	img, err := m.encode(s, again)
	if err != nil {
		return nil
	}
	made = true
	sum := sha256.Sum256(img)
	f = &pb.Frame{Sha256: sum[:], Width: uint32(c.W), Height: uint32(c.H), Format: "png", Image: img, Mask: maskVersion}
	switch {
	case Disconnected:
		f.Mask = "DISCONNECTED"
	case again != nil && len(again.strokes) > 0:
		f.Mask = maskVersion + " " + revealVersion
	}
	if all { // else more can be shown the next time
		key.view = as() // values that stand in it are known by now
		m.recent.add(key, f)
	}
	return f
}

// palette numbers the colours of a picture. It is a hash table with open places. Colour 0 is the absent pixel.
type palette struct {
	slots  [1024]uint32 // colour + 1<<24
	number [1024]uint8
	colors []uint32
	inks   []uint8 // for each piece of active cells: the number of its colour
	last   uint32  // the colour before, as it lies in memory; 0 for none
	of     uint8   // and its number
	absent bool    // a pixel is absent: of a stripe while it is numbered, then of all
}

// encode writes a PNG with a palette: a masked desktop has few colours. Where there are more than 255, their lowest bits
// are dropped until they fit.
func (m *masker) encode(s *raw.Shot, again *revealed) ([]byte, error) {
	w, h := s.Canvas.W, s.Canvas.H
	if cap(m.pixels) < w*h {
		m.pixels = make([]byte, w*h)
	}
	m.pixels = m.pixels[:w*h]
	for keep := uint32(0xff); ; keep = keep << 1 & 0xff {
		if all := keep | keep<<8 | keep<<16; m.number(s, all) && m.draw(again, w, all) {
			break
		}
	}
	same := m.same
	if m.recent.now.numbered = again == nil; again != nil {
		same = nil
	}
	return m.file.write(m.pixels, w, h, m.index.colors, m.index.absent, same)
}

// number fills m.pixels; false if there are too many colours. What the mask hides is not looked at, and what is as it was in the last picture is
// not numbered again.
func (m *masker) number(s *raw.Shot, keep uint32) bool {
	was, now, p := &m.recent.was, &m.recent.now, &m.index
	known := was.numbered && was.keep == keep && m.recent.looks(s)
	was.numbered = false // m.pixels are another picture's from here on
	if !p.begin(m.boxes, keep) {
		return false
	}
	now.inks = sized(now.inks, len(m.active))
	for i, on := range m.active {
		if on != 0 {
			now.inks[i] = p.inks[m.label[i]]
		}
	}
	now.hues, m.same = slices.Grow(now.hues[:0], s.Bands()), m.same[:0]
	for n := range s.Bands() {
		at := hues{from: len(p.colors)}
		same := known && m.recent.covered(s, n, m.w) && slices.Equal(p.colors, was.colors[:was.hues[n].from])
		if same {
			at.absent = was.hues[n].absent
			p.again(was.colors[was.hues[n].from:was.hues[n].to])
		} else {
			p.absent = false
			if !m.numberBand(s, n, keep) {
				return false
			}
			at.absent = p.absent
		}
		at.to = len(p.colors)
		now.hues, m.same = append(now.hues, at), append(m.same, same)
	}
	p.absent = slices.ContainsFunc(now.hues, func(a hues) bool { return a.absent })
	now.keep, now.colors = keep, append(now.colors[:0], p.colors...)
	return true
}

// numberBand fills those of one stripe.
func (m *masker) numberBand(s *raw.Shot, n int, keep uint32) bool {
	w, top, p := s.Canvas.W, n*stripe, &m.index
	rows := m.band(s, n)
	for y := top; y < min(top+stripe, s.Canvas.H); y++ {
		if which := thirdOf(y); y == top || which != thirdOf(y-1) {
			m.hide(y/cellSize, which)
		}
		row, out := rows[(y-top)*s.Stride:][:4*w], m.pixels[y*w:][:w]
		for x := 0; x < w; {
			ink, end := m.run(x, w)
			if ink != 0 {
				p.hidden(row[4*x:4*end], out[x:end], ink)
			} else if !p.shown(row[4*x:4*end], out[x:end], keep) {
				return false
			}
			x = end
		}
	}
	return true
}

// run is which colour hides pixel x and how far that reaches.
func (m *masker) run(x, w int) (ink uint8, end int) {
	half := x/padX + 1
	ink = m.cover[half]
	for half++; half < len(m.cover) && m.cover[half] == ink; half++ {
	}
	return ink, min((half-1)*padX, w)
}

// begin empties the palette but for the colours that hide something.
func (p *palette) begin(boxes []area, keep uint32) bool {
	clear(p.slots[:])
	p.colors, p.inks, p.last, p.absent = append(p.colors[:0], 0), append(p.inks[:0], 0), 0, false
	for _, a := range boxes[min(1, len(boxes)):] {
		ink, ok := p.add(a.colour() & keep)
		if !ok {
			return false
		}
		p.inks = append(p.inks, ink)
	}
	return true
}

// again adds the colours that a stripe was the first to need the last time, too.
func (p *palette) again(colors []uint32) {
	for _, c := range colors {
		p.add(c)
	}
	p.last = 0
}

// hidden numbers pixels under the mask: all one colour, but those that are absent stay so.
func (p *palette) hidden(row, out []byte, ink uint8) {
	for x := range out {
		out[x] = ink
		if row[4*x+3] == 0 {
			out[x], p.absent = 0, true
		}
	}
}

// shown numbers pixels that the mask leaves, eight at a time where they are alike.
func (p *palette) shown(row, out []byte, keep uint32) bool {
	for x := 0; x < len(out); {
		pair := uint64(p.last)<<32 | uint64(p.last)
		for ; x+8 <= len(out) && p.last != 0; x += 8 {
			b := row[4*x:][:32]
			if le.Uint64(b) != pair || le.Uint64(b[8:]) != pair || le.Uint64(b[16:]) != pair || le.Uint64(b[24:]) != pair {
				break
			}
			le.PutUint64(out[x:], uint64(p.of)*0x0101010101010101)
		}
		for end := min(x+8, len(out)); x < end; x++ {
			switch c := le.Uint32(row[4*x:]); {
			case c>>24 == 0:
				out[x], p.absent = 0, true
				continue
			case c != p.last:
				n, ok := p.add(c & keep)
				if !ok {
					return false
				}
				p.last, p.of = c, n
			}
			out[x] = p.of
		}
	}
	return true
}

// add is the number of a colour, false if the palette is full.
func (p *palette) add(c uint32) (uint8, bool) {
	c |= 1 << 24
	for i := c * 2654435761 >> 22; ; i = (i + 1) & 1023 {
		switch p.slots[i] {
		case c:
			return p.number[i], true
		case 0:
			if len(p.colors) == 256 {
				return 0, false
			}
			p.slots[i], p.number[i] = c, uint8(len(p.colors))
			p.colors = append(p.colors, c)
			return p.number[i], true
		}
	}
}
