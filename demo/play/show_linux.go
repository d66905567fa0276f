package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"text/tabwriter"

	"github.com/kbinani/screenshot"
	"golang.org/x/image/draw"
)

var keysAndTokens = regexp.MustCompile(`<[A-Z]+>`)

// readers opens the export with programs that know nothing of us, and says which could.
func readers(ctx context.Context, export string) (used []string, frames int, err error) {
	pngs, err := filepath.Glob(filepath.Join(export, "frames", "*.png"))
	if err != nil {
		return nil, 0, fmt.Errorf("readers: %w", err)
	}
	for _, name := range pngs {
		if _, err := readPNG(name); err != nil {
			return nil, 0, err
		}
	}
	used = []string{"Go encoding/json, image/png"}
	lines, err := filepath.Glob(filepath.Join(export, "trajectories", "*.jsonl"))
	if err != nil {
		return nil, 0, fmt.Errorf("readers: %w", err)
	}
	for _, r := range []struct {
		name string
		args []string
		on   []string
	}{
		{"python3", []string{"-c", "import json,sys\nfor f in sys.argv[1:]:\n  for l in open(f): json.loads(l)"}, lines},
		{"identify", nil, pngs},
		{"file", []string{"-b"}, pngs},
	} {
		if _, err := exec.LookPath(r.name); err != nil || len(r.on) == 0 {
			continue
		}
		out, err := exec.CommandContext(ctx, r.name, append(r.args, r.on...)...).CombinedOutput()
		if err != nil || r.name == "file" && bytes.Count(out, []byte("PNG image")) != len(pngs) {
			return nil, 0, errors.Join(fmt.Errorf("%s cannot read the export: %s", r.name, bytes.TrimSpace(out)), err)
		}
		used = append(used, r.name)
	}
	return used, len(pngs), nil
}

func readPNG(name string) (image.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read a frame: %w", err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("read a frame: %w", err)
	}
	return img, nil
}

// picture keeps what the whole screen shows now. The desktop is virtual and its canaries are random: nobody's screen is meant.
func (p *Play) picture(name string) error {
	if err := os.Setenv("DISPLAY", p.desk.Display()); err != nil { // the library looks there
		return fmt.Errorf("picture of the desktop: %w", err)
	}
	img, err := screenshot.CaptureDisplay(0)
	if err != nil {
		return fmt.Errorf("picture of the desktop: %w", err)
	}
	return writePNG(name, img)
}

func writePNG(name string, img image.Image) error {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
		return fmt.Errorf("write a picture: %w", err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write a picture: %w", err)
	}
	return nil
}

// sheet has this many frames, evenly taken, in rows of four.
const (
	sheetFrames = 24
	sheetWidth  = 400
	sheetHeight = 300
)

// table is what the frames lie on; pixels that a frame does not have show it.
var table = color.RGBA{34, 40, 46, 255}

// ContactSheet draws exported frames in the order of their actions.
func (r *Result) ContactSheet(name string) error {
	var files []string
	for _, s := range r.steps {
		if s.After != nil && s.After.File != "" {
			files = append(files, s.After.File)
		}
	}
	if len(files) == 0 {
		return errors.New("contact sheet: the export holds no frame")
	}
	n := min(len(files), sheetFrames)
	sheet := image.NewRGBA(image.Rect(0, 0, 4*sheetWidth, (n+3)/4*sheetHeight))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(table), image.Point{}, draw.Src)
	for i := range n {
		img, err := readPNG(filepath.Join(r.Export, filepath.FromSlash(files[i*len(files)/n])))
		if err != nil {
			return err
		}
		at := image.Pt(i%4*sheetWidth, i/4*sheetHeight)
		b := img.Bounds()
		scale := min(float64(sheetWidth-10)/float64(b.Dx()), float64(sheetHeight-10)/float64(b.Dy()))
		to := image.Rect(0, 0, int(float64(b.Dx())*scale), int(float64(b.Dy())*scale)).Add(at)
		draw.ApproxBiLinear.Scale(sheet, to, img, b, draw.Over, nil)
	}
	return writePNG(name, sheet)
}

// Write stores the result as JSON.
func (r *Result) Write(name string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.WriteFile(name, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Table tells people what happened.
func (r *Result) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...any) { fmt.Fprintln(t, "  "+strings.TrimSuffix(fmt.Sprintln(joined(cells)...), "\n")) }
	fmt.Fprintln(t, "\nRecorded")
	row("actions done in the agreed window\t", r.Actions.Expected)
	row("of them in the export, in order\t", r.Actions.Found)
	row("frames\t", r.Frames)
	row("of them with clean lines shown again\t", r.Searched.Shown)
	row("batches\t", r.Batches)
	fmt.Fprintln(t, "Bytes")
	for _, k := range []string{"events", "compressed", "sealed", "wire", "stored", "exported"} {
		row(k+"\t", r.Bytes[k])
	}
	if r.Bytes["compressed"] > 0 {
		row("compression\t", fmt.Sprintf("%.2f times", float64(r.Bytes["events"])/float64(r.Bytes["compressed"])))
	}
	fmt.Fprintln(t, "Withheld")
	for _, v := range r.Withheld {
		row(v.What+", "+v.Reason+"\t", fmt.Sprintf("%d (%d s)", v.Count, v.Seconds))
	}
	fmt.Fprintf(t, "Canaries, looked for in %d files, %d bytes, %d opened boxes, %d pictures\n", r.Searched.Files, r.Searched.Bytes, r.Searched.Boxes, r.Searched.Pictures)
	for _, v := range r.Canaries {
		row(v.Name+" ("+v.Planted+")\t", v.words())
	}
	if r.Control != nil {
		fmt.Fprintln(t, "Control run, redactor disconnected")
		row("canaries planted\t", r.Control.Planted)
		row("found by the same search\t", r.Control.Found)
	}
	fmt.Fprintln(t, "Export")
	row(r.Export+"\t", "read by "+strings.Join(r.Readers, ", "))
	row("steps of another one, after the withdrawal\t", r.Released)
	return t.Flush()
}

func joined(cells []any) []any { return cells }

func (v Verdict) words() string {
	if !v.Found {
		return "found nowhere"
	}
	places := map[string]bool{}
	for _, f := range v.Where {
		places[f.Where] = true
	}
	var list []string
	for p := range places {
		list = append(list, p)
	}
	sort.Strings(list)
	if len(list) > 3 {
		list = append(list[:3], fmt.Sprintf("and %d more places", len(list)-3))
	}
	return "FOUND AT " + strings.Join(list, "; ")
}
