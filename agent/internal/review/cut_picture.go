package review

import (
	"bytes"
	"encoding/hex"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"strconv"

	"github.com/byleave/byleave/proto/pb"
)

// picturing is the page on which parts of one picture are blacked out: by two presses on it, or by numbers.
type picturing struct {
	Box    Box
	N      int
	W, H   int
	Areas  []Area
	Corner *corner
	Turn   int // rises with every change, so that no browser shows an older state
}

// X is where the first corner was pressed.
func (c corner) X() int { return c.x }

// Y is where the first corner was pressed.
func (c corner) Y() int { return c.y }

// pictureOf is one picture of a held box; else the answer is given.
func (s *server) pictureOf(w http.ResponseWriter, r *http.Request, x *index) (o *opened, f *pb.Frame, name string, d *draft) {
	o, p, d := s.heldBox(w, r, x)
	if o == nil {
		return nil, nil, "", nil
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(p.GetFrames()) {
		s.missing(w, r)
		return nil, nil, "", nil
	}
	f = p.GetFrames()[n]
	return o, f, hex.EncodeToString(f.GetSha256()), d
}

func (s *server) picturePage(w http.ResponseWriter, r *http.Request, x *index) {
	o, f, name, d := s.pictureOf(w, r, x)
	if o == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n, _ := strconv.Atoi(r.PathValue("n"))
	p := picturing{Box: o.Box, N: n, W: int(f.GetWidth()), H: int(f.GetHeight()), Areas: d.areas(name), Turn: 2 * len(d.cut.Areas)}
	if d.corner != nil && d.corner.frame == name {
		p.Corner, p.Turn = d.corner, p.Turn+1
	}
	s.say(w, http.StatusOK, "picture", p)
}

func (d *draft) areas(frame string) (out []Area) {
	for _, a := range d.cut.Areas {
		if a.Frame == frame {
			out = append(out, a)
		}
	}
	return out
}

// mostAreas bounds what can be blacked out in one box.
const mostAreas = 256

// pressPicture takes a press on the picture, the numbers of an area, or the wish to take the last one back.
func (s *server) pressPicture(w http.ResponseWriter, r *http.Request, x *index) {
	o, f, name, d := s.pictureOf(w, r, x)
	if o == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	number := func(field string, most uint32) (int, bool) {
		n, err := strconv.Atoi(r.PostForm.Get(field))
		return min(max(n, 0), int(most)), err == nil
	}
	px, okX := number("at.x", f.GetWidth())
	py, okY := number("at.y", f.GetHeight())
	switch {
	case r.PostForm.Get("do") == "undo":
		d.takeBack(name)
	case okX && okY && (d.corner == nil || d.corner.frame != name):
		d.corner = &corner{name, px, py}
	case okX && okY:
		d.black(Area{name, min(px, d.corner.x), min(py, d.corner.y), max(px, d.corner.x) - min(px, d.corner.x) + 1, max(py, d.corner.y) - min(py, d.corner.y) + 1})
	default:
		ax, ok1 := number("x", f.GetWidth())
		ay, ok2 := number("y", f.GetHeight())
		aw, ok3 := number("w", f.GetWidth())
		ah, ok4 := number("h", f.GetHeight())
		if ok1 && ok2 && ok3 && ok4 && aw > 0 && ah > 0 {
			d.black(Area{name, ax, ay, aw, ah})
		}
	}
	http.Redirect(w, r, "/cut/"+o.ID+"/picture/"+r.PathValue("n"), http.StatusSeeOther)
}

func (d *draft) black(a Area) {
	d.corner, d.left, d.whole = nil, nil, false
	if len(d.cut.Areas) < mostAreas {
		d.cut.Areas = append(d.cut.Areas, a)
	}
}

// takeBack forgets the first corner, or else the last area of the picture.
func (d *draft) takeBack(frame string) {
	d.left, d.whole = nil, false
	if d.corner != nil {
		d.corner = nil
		return
	}
	for i := len(d.cut.Areas) - 1; i >= 0; i-- {
		if d.cut.Areas[i].Frame == frame {
			d.cut.Areas = append(d.cut.Areas[:i], d.cut.Areas[i+1:]...)
			return
		}
	}
}

// pictureNow draws the picture with what is blacked out so far, and the first corner.
func (s *server) pictureNow(w http.ResponseWriter, r *http.Request, x *index) {
	o, f, name, d := s.pictureOf(w, r, x)
	if o == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	src, err := png.Decode(bytes.NewReader(f.GetImage()))
	if err != nil {
		s.missing(w, r)
		return
	}
	out := image.NewNRGBA(src.Bounds())
	draw.Draw(out, out.Bounds(), src, src.Bounds().Min, draw.Src)
	fill := func(r image.Rectangle, c color.Color) {
		draw.Draw(out, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	for _, a := range d.areas(name) {
		fill(image.Rect(a.X, a.Y, a.X+a.W, a.Y+a.H), color.Black)
	}
	if c := d.corner; c != nil && c.frame == name {
		red := color.NRGBA{208, 58, 47, 255}
		fill(image.Rect(c.x-9, c.y-1, c.x+10, c.y+2), red)
		fill(image.Rect(c.x-1, c.y-9, c.x+2, c.y+10), red)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		s.trouble(w, err)
		return
	}
	writePNG(w, b.Bytes())
}
