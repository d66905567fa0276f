package x11

import (
	"strconv"
	"strings"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
)

// Layout is the screen, its monitors from the primary on, and the desktop's scale (Xft.dpi over 96; 1 if unset).
func (s *Server) Layout() (screen raw.Rect, monitors []raw.Rect, scale float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.ctl
	screen = raw.Rect{W: int(c.screen.WidthInPixels), H: int(c.screen.HeightInPixels)}
	geo := xproto.GetGeometry(c.Conn, xproto.Drawable(c.root))
	resources := c.property(c.root, "RESOURCE_MANAGER", 64<<10)
	if g, err := geo.Reply(); err == nil {
		screen.W, screen.H = int(g.Width), int(g.Height)
	}
	scale = scaleOf(text(resources.Reply()))
	if s.hasRandr {
		if r, err := randr.GetMonitors(c.Conn, c.root, true).Reply(); err == nil {
			monitors = monitorsOf(r.Monitors)
		}
	}
	if len(monitors) == 0 {
		monitors = []raw.Rect{screen}
	}
	return screen, monitors, scale
}

func monitorsOf(infos []randr.MonitorInfo) []raw.Rect {
	var out []raw.Rect
	for _, m := range infos {
		r := raw.Rect{X: int(m.X), Y: int(m.Y), W: int(m.Width), H: int(m.Height)}
		if m.Primary {
			out = append([]raw.Rect{r}, out...)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// scaleOf reads Xft.dpi from the resource manager's text.
func scaleOf(resources string) float64 {
	for line := range strings.Lines(resources) {
		if v, ok := strings.CutPrefix(line, "Xft.dpi:"); ok {
			if dpi, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && dpi >= 24 && dpi <= 960 {
				return dpi / 96
			}
		}
	}
	return 1
}
