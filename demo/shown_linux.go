package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// shownAt is where the other program's window lies: over the middle of the editor.
var shownAt = image.Rect(420, 380, 1000, 560)

// showCanary starts this program again as another one, which shows the canary's text and stripes over the editor.
func (p *play) showCanary(ctx context.Context, c canary.Canary) (*desktop.Process, error) {
	program, err := p.desk.Install(filepath.Join(p.bin, "byleave-demo"))
	if err != nil {
		return nil, err
	}
	args := []string{"show", c.Text}
	for _, s := range c.Colours {
		args = append(args, hex.EncodeToString([]byte{s.R, s.G, s.B}))
	}
	proc, err := p.desk.Start("shown", program, args...)
	if err != nil {
		return nil, err
	}
	return proc, desktop.Until(ctx, "the other window", func() bool {
		b, err := os.ReadFile(proc.Log)
		return err == nil && bytes.Contains(b, []byte("shown"))
	})
}

// show is the other program: an unmanaged window that stays over everything until the program is ended.
func show(args []string) error {
	picture, err := poster(args)
	if err != nil {
		return err
	}
	x, err := xgb.NewConn()
	if err != nil {
		return err
	}
	defer x.Close()
	screen := xproto.Setup(x).DefaultScreen(x)
	w, err := xproto.NewWindowId(x)
	if err != nil {
		return err
	}
	err = xproto.CreateWindowChecked(x, screen.RootDepth, w, screen.Root, int16(shownAt.Min.X), int16(shownAt.Min.Y), uint16(shownAt.Dx()), uint16(shownAt.Dy()), 0,
		xproto.WindowClassInputOutput, screen.RootVisual, xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{1, xproto.EventMaskExposure}).Check()
	if err != nil {
		return err
	}
	gc, err := xproto.NewGcontextId(x)
	if err != nil {
		return err
	}
	if err := xproto.CreateGCChecked(x, gc, xproto.Drawable(w), 0, nil).Check(); err != nil {
		return err
	}
	if err := xproto.MapWindowChecked(x, w).Check(); err != nil {
		return err
	}
	for {
		ev, xerr := x.WaitForEvent()
		if ev == nil && xerr == nil {
			return errors.New("the display went away")
		}
		if _, ok := ev.(xproto.ExposeEvent); !ok {
			continue
		}
		if err := put(x, w, gc, screen.RootDepth, picture); err != nil {
			return err
		}
		fmt.Println("shown")
	}
}

// poster draws the text in large letters above the stripes.
func poster(args []string) (*image.RGBA, error) {
	img := image.NewRGBA(image.Rect(0, 0, shownAt.Dx(), shownAt.Dy()))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 36, DPI: 72})
	if err != nil {
		return nil, err
	}
	defer face.Close()
	d := font.Drawer{Dst: img, Src: image.Black, Face: face, Dot: fixed.P(20, 60)}
	d.DrawString(args[0])
	for i, s := range args[1:] {
		rgb, err := hex.DecodeString(s)
		if err != nil || len(rgb) != 3 {
			return nil, errors.New("show TEXT RRGGBB...")
		}
		stripe := image.Rect(0, 90+i*22, shownAt.Dx(), 90+(i+1)*22)
		draw.Draw(img, stripe, image.NewUniform(color.RGBA{rgb[0], rgb[1], rgb[2], 255}), image.Point{}, draw.Src)
	}
	return img, nil
}

// put sends the picture in parts that fit into one request.
func put(x *xgb.Conn, w xproto.Window, gc xproto.Gcontext, depth byte, img *image.RGBA) error {
	const rows = 20
	width := img.Bounds().Dx()
	for y := 0; y < img.Bounds().Dy(); y += rows {
		n := min(rows, img.Bounds().Dy()-y)
		data := make([]byte, 0, n*width*4)
		for i := y * img.Stride; i < (y+n)*img.Stride; i += 4 {
			p := img.Pix[i : i+4]
			data = append(data, p[2], p[1], p[0], 0)
		}
		err := xproto.PutImageChecked(x, xproto.ImageFormatZPixmap, xproto.Drawable(w), gc, uint16(width), uint16(n), 0, int16(y), 0, depth, data).Check()
		if err != nil {
			return err
		}
	}
	return nil
}
