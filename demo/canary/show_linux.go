package canary

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"io"
	"log"
	"os"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// WindowClass is the class part of WM_CLASS of the window that shows a canary.
const WindowClass = "ByleaveCanary"

// Size of the window that shows a canary.
const (
	ShowWidth  = 640
	ShowHeight = 200
)

// Show shows a canary, its stripes and its text, in an ordinary window that stays above others, until ctx ends or the display does.
func Show(ctx context.Context, display string, c Canary) error {
	xgb.Logger = log.New(io.Discard, "", 0)
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		return fmt.Errorf("show: %w", err)
	}
	defer x.Close()
	stop := context.AfterFunc(ctx, x.Close)
	defer stop()
	img, err := paint(c)
	if err != nil {
		return err
	}
	win, gc, err := mapWindow(x)
	if err != nil {
		return err
	}
	for {
		ev, err := x.WaitForEvent()
		if ev == nil && err == nil {
			return ctx.Err()
		}
		if _, ok := ev.(xproto.ExposeEvent); ok {
			put(x, win, gc, img)
		}
	}
}

// mapWindow maps a window with the names that a window manager and an agent read.
func mapWindow(x *xgb.Conn) (xproto.Window, xproto.Gcontext, error) {
	screen := xproto.Setup(x).DefaultScreen(x)
	win, err := xproto.NewWindowId(x)
	if err != nil {
		return 0, 0, fmt.Errorf("show: %w", err)
	}
	gc, err := xproto.NewGcontextId(x)
	if err != nil {
		return 0, 0, fmt.Errorf("show: %w", err)
	}
	err = xproto.CreateWindowChecked(x, screen.RootDepth, win, screen.Root, 0, 0, ShowWidth, ShowHeight, 0, xproto.WindowClassInputOutput,
		screen.RootVisual, xproto.CwEventMask, []uint32{xproto.EventMaskExposure}).Check()
	if err != nil {
		return 0, 0, fmt.Errorf("show: %w", err)
	}
	if err := xproto.CreateGCChecked(x, gc, xproto.Drawable(win), 0, nil).Check(); err != nil {
		return 0, 0, fmt.Errorf("show: %w", err)
	}
	for _, p := range []struct {
		name, kind string
		format     byte
		data       []byte
	}{
		{"WM_CLASS", "STRING", 8, []byte("canary\x00" + WindowClass + "\x00")},
		{"WM_NAME", "STRING", 8, []byte("Not agreed")},
		{"_NET_WM_PID", "CARDINAL", 32, le32(uint32(os.Getpid()))},
		{"_NET_WM_STATE", "ATOM", 32, le32(uint32(intern(x, "_NET_WM_STATE_ABOVE")))},
	} {
		err := xproto.ChangePropertyChecked(x, xproto.PropModeReplace, win, intern(x, p.name), intern(x, p.kind), p.format,
			uint32(len(p.data)/int(p.format/8)), p.data).Check()
		if err != nil {
			return 0, 0, fmt.Errorf("show: %s: %w", p.name, err)
		}
	}
	return win, gc, xproto.MapWindowChecked(x, win).Check()
}

func intern(x *xgb.Conn, name string) xproto.Atom {
	r, err := xproto.InternAtom(x, false, uint16(len(name)), name).Reply()
	if err != nil {
		return 0
	}
	return r.Atom
}

func le32(v uint32) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)} }

// paint draws four stripes and the text below them, large enough for any OCR.
func paint(c Canary) (*image.RGBA, error) {
	img := image.NewRGBA(image.Rect(0, 0, ShowWidth, ShowHeight))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for i, col := range c.Colours {
		w := ShowWidth / len(c.Colours)
		draw.Draw(img, image.Rect(i*w, 0, (i+1)*w, ShowHeight/2), image.NewUniform(col), image.Point{}, draw.Src)
	}
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("show: font: %w", err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 32, DPI: 96, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("show: font: %w", err)
	}
	d := font.Drawer{Dst: img, Src: image.Black, Face: face, Dot: fixed.P(24, ShowHeight-34)}
	d.DrawString(c.Text)
	return img, nil
}

// put sends the picture in bands that fit a request.
func put(x *xgb.Conn, win xproto.Window, gc xproto.Gcontext, img *image.RGBA) {
	const rows = 50
	for y := 0; y < ShowHeight; y += rows {
		data := make([]byte, 0, ShowWidth*rows*4)
		for i := img.PixOffset(0, y); i < img.PixOffset(0, min(y+rows, ShowHeight)); i += 4 {
			data = append(data, img.Pix[i+2], img.Pix[i+1], img.Pix[i], 0)
		}
		xproto.PutImage(x, xproto.ImageFormatZPixmap, xproto.Drawable(win), gc, ShowWidth, uint16(min(rows, ShowHeight-y)), 0, int16(y), 0, 24, data)
	}
}
