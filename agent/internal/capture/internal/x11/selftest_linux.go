package x11

import (
	"fmt"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"
)

// selfTest lays one own window of 4x4 pixels over another and grabs the lower: if the upper's colour is in the
// picture, this server would show other applications, and nothing may be recorded.
func (s *Server) selfTest() error {
	const lower, upper, side = 0x00336699, 0x00cc3311, 4
	c := s.pic
	if c.screen.RootDepth != 24 && c.screen.RootDepth != 32 || c.setup.ImageByteOrder != xproto.ImageOrderLSBFirst {
		return fmt.Errorf("%w (it has no 24-bit colours)", ErrCensor)
	}
	var windows [2]xproto.Window
	for i, colour := range []uint32{lower, upper} {
		id, err := xproto.NewWindowId(c.Conn)
		if err != nil {
			return ErrDisplayDied
		}
		windows[i] = id
		xproto.CreateWindow(c.Conn, xproto.WindowClassCopyFromParent, id, c.root, 0, 0, side, side, 0,
			xproto.WindowClassInputOutput, 0, xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{colour, 1})
		xproto.MapWindow(c.Conn, id)
		defer xproto.DestroyWindow(c.Conn, id)
	}
	l := layer{rect: raw.Rect{W: side, H: side}}
	g, err := newSegment(c, side*side*4)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrLacks{"MIT-SHM"}, err)
	}
	defer g.free(c)
	if _, err := shm.GetImage(c.Conn, xproto.Drawable(windows[0]), 0, 0, side, side, ^uint32(0),
		xproto.ImageFormatZPixmap, g.id, 0).Reply(); err != nil {
		return fmt.Errorf("%w (%w)", ErrLacks{"MIT-SHM"}, err)
	}
	pix, _ := compose(l.rect, []layer{l}, g.data, 0)
	for i := 0; i < len(pix); i += 4 {
		if v := le.Uint32(pix[i:]) & 0xffffff; v != 0 && v != lower {
			return ErrCensor
		}
	}
	return nil
}
