package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"os"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/ocr"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/ask"
	"github.com/schollz/progressbar/v3"
)

// How files begin.
const pngBegins = "\x89PNG\r\n\x1a\n"

var pictures = []string{"\xff\xd8\xff", "GIF87a", "GIF89a", "BM", "II*\x00", "MM\x00*", "RIFF"}

// isPicture tells of a file that is a picture, but no PNG. A text may begin with BM or RIFF, but not with what follows there.
func isPicture(head []byte) bool {
	for _, p := range pictures {
		if bytes.HasPrefix(head, []byte(p)) {
			return len(p) > 2 && p != "RIFF" || bytes.ContainsAny(head, "\x00")
		}
	}
	return false
}

// Limits of a picture.
const (
	mostPixels = 4 * 3840 * 2160 // four screens of 4K
	mostFile   = 256 << 20       // bytes
)

// pictureReport counts what was done to a picture. It holds no content.
type pictureReport struct {
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Lines   int    `json:"lines"` // that look like text
	Read    int    `json:"lines_read"`
	Shown   int    `json:"lines_shown"` // of which a word is shown again
	Words   int    `json:"words_shown"`
	Reading string `json:"reading"` // by what, or why not
}

// picture masks a PNG.
func (o *redaction) picture(ctx context.Context, in io.Reader) error {
	switch f, ok := o.out.(*os.File); {
	case o.jsonl:
		return misuse{fmt.Errorf("redact: --jsonl is for texts, and %s is a picture", o.name)}
	case ok && ask.IsTerminal(f):
		return misuse{errors.New("redact: a terminal cannot show a PNG; name a file with -o")}
	}
	counted := &counter{in: in}
	img, err := decode(counted)
	if err != nil {
		return fmt.Errorf("redact: %s %w", o.name, err)
	}
	o.sum.Picture = &pictureReport{Width: img.Rect.Dx(), Height: img.Rect.Dy(), Reading: "not asked for"}
	out, err := o.mask(ctx, img)
	if err != nil {
		return err
	}
	n, err := o.out.Write(out)
	o.sum.BytesIn, o.sum.BytesOut = counted.n, int64(n)
	if err != nil {
		return fmt.Errorf("redact: write: %w", err)
	}
	return nil
}

// mask gives the picture with its text masked, and reads it before if that was asked for and can be done.
func (o *redaction) mask(ctx context.Context, img *image.NRGBA) ([]byte, error) {
	p := o.sum.Picture
	if !o.reveal {
		out, _, err := o.redactor.Picture(ctx, img, nil)
		return out, err
	}
	r := &shownReader{Pair: ocr.NewPair(ocr.Beside()), bar: progressbar.NewOptions(-1, progressbar.OptionSetWriter(o.words), progressbar.OptionSetDescription("lines"),
		progressbar.OptionShowCount(), progressbar.OptionSetVisibility(ask.IsTerminal(os.Stderr)), progressbar.OptionThrottle(100*time.Millisecond))}
	defer r.Close()
	if o.within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.within)
		defer cancel()
	}
	out, seen, err := o.redactor.Picture(ctx, img, r)
	if ask.IsTerminal(os.Stderr) {
		_ = r.bar.Clear() // it is only for a person to look at
	}
	p.Lines, p.Read, p.Shown, p.Words, p.Reading = seen.Lines, seen.Read, seen.Shown, seen.Words, "byleave-ocr"
	switch why := r.State(); {
	case why != nil:
		p.Reading = why.Error()
	case seen.Left > 0:
		p.Reading = "time was over"
	}
	return out, err
}

// shownReader shows how many lines were read.
type shownReader struct {
	*ocr.Pair
	bar *progressbar.ProgressBar
}

// Read reads a line.
func (r *shownReader) Read(ctx context.Context, line *image.Gray) (string, float64, error) {
	_ = r.bar.Add(1) // it is only for a person to look at
	return r.Pair.Read(ctx, line)
}

// tell says in words what was done.
func (p *pictureReport) tell(w io.Writer) {
	fmt.Fprintf(w, "Masked all text in a picture of %dx%d pixels.", p.Width, p.Height)
	switch p.Reading {
	case "not asked for":
	case "byleave-ocr":
		fmt.Fprintf(w, " Of %s, read: %d, shown again: %d, with %s.", policy.Count(p.Lines, "line"), p.Read, p.Shown, policy.Count(p.Words, "word"))
	default:
		fmt.Fprintf(w, " Of %s, read: %d, shown again: %d, with %s; reading ended: %s.", policy.Count(p.Lines, "line"), p.Read, p.Shown, policy.Count(p.Words, "word"), p.Reading)
	}
}

// decode reads a PNG as it looks on white paper: what is transparent hides nothing. Only its size is believed before it is known to be small enough.
func decode(in io.Reader) (*image.NRGBA, error) {
	var head bytes.Buffer
	in = io.LimitReader(in, mostFile)
	c, err := png.DecodeConfig(io.TeeReader(in, &head))
	switch {
	case err != nil:
		return nil, fmt.Errorf("is damaged or cut off (%w); save it again", err)
	case c.Width <= 0 || c.Height <= 0 || c.Width > mostPixels/c.Height:
		return nil, fmt.Errorf("has %d x %d pixels, and more than %d are not taken; cut it into parts", c.Width, c.Height, mostPixels)
	}
	img, err := png.Decode(io.MultiReader(&head, in))
	if err != nil {
		return nil, fmt.Errorf("is damaged or cut off (%w); save it again", err)
	}
	flat := image.NewNRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(flat, flat.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(flat, flat.Rect, img, img.Bounds().Min, draw.Over)
	return flat, nil
}

// counter counts the bytes that are read.
type counter struct {
	in io.Reader
	n  int64
}

// Read reads.
func (c *counter) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.n += int64(n)
	return n, err
}
