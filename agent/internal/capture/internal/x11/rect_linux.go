package x11

import (
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/xproto"
)

// Rect is the inside of the watched window in screen pixels, unclipped; empty for any other window.
func (s *Server) Rect(window uint32) raw.Rect {
	s.mu.Lock()
	defer s.mu.Unlock()
	if window == 0 || xproto.Window(window) != s.watch.window {
		return raw.Rect{}
	}
	return s.watch.rect
}
