package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/bench/redaction/page"
	"github.com/byleave/byleave/bench/report"
)

// anchorName is the image anchor: what Tesseract finds by its defaults and our engine finds in that is covered, the rest is shown.
const anchorName = "tesseract+scanner"

// pixels measures pictures: pages that Chromium draws are masked, with and without reading, and read back by readers of other make.
func (o options) pixels(t *table) error {
	if o.pages == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "byleave-pixels")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := pixelsIn(o, dir)
	defer p.close()
	if err := p.openReaders(t); err != nil {
		return err
	}
	b, err := page.Open(context.Background(), dir)
	if err != nil {
		return err
	}
	defer b.Close()
	for seed := range uint64(3) {
		for _, pg := range page.Pages(seed+1, (o.pages+2)/3) {
			s, err := b.Draw(pg)
			if err == nil {
				err = p.page(s)
			}
			if err != nil {
				return err
			}
		}
	}
	p.rows(t)
	return nil
}

// pixels gathers what is measured of pages.
type pixels struct {
	options
	dir, in, masked, shown, anchored string
	within                           string // lines are read
	noAnchor                         bool
	readers                          map[string]reader
	names                            []string // of the readers

	pages, panels, late      int
	missed, anchorMissed     int // panels
	read                     map[string]*tally
	either, strokes          tally
	harmless, interfaces     ratio
	maskCPU, readCPU, anchor time.Duration
	took                     []time.Duration // from the start of the command to the picture with lines shown
	load                     float64         // of the machine then, added up
}

func pixelsIn(o options, dir string) *pixels {
	return &pixels{options: o, dir: dir, within: "5s", in: filepath.Join(dir, "in.png"), masked: filepath.Join(dir, "masked.png"), shown: filepath.Join(dir, "shown.png"),
		anchored: filepath.Join(dir, "anchored.png"), read: map[string]*tally{}, readers: map[string]reader{}}
}

// tally counts sensitive words: all of them, those that a reader reads in the page as it was, and those that are still there.
type tally struct{ all, control, left, anchorLeft int }

type ratio struct{ yes, all int }

func (p *pixels) openReaders(t *table) error {
	for _, r := range strings.Split(p.options.readers, ";") {
		name, command, ok := strings.Cut(strings.TrimSpace(r), "=")
		if !ok {
			continue
		}
		rd, err := openReader(name, strings.Fields(command))
		if err != nil {
			t.absent(name, err)
			continue
		}
		p.names, p.readers[name], p.read[name] = append(p.names, name), rd, &tally{}
	}
	if len(p.readers) == 0 {
		return errors.New("no reader of pictures runs: give --readers name=command")
	}
	return nil
}

func (p *pixels) close() {
	for _, r := range p.readers {
		r.close()
	}
}

// page measures one page.
func (p *pixels) page(s page.Shot) error {
	if err := os.WriteFile(p.in, s.PNG, 0o600); err != nil {
		return err
	}
	masked, cpu, _, err := p.redact(p.masked)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	began := time.Now()
	shown, both, late, err := p.redact(p.shown, "--reveal", "--within", p.within)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	p.took, p.load = append(p.took, time.Since(began)), p.load+load()
	p.pages, p.maskCPU, p.readCPU = p.pages+1, p.maskCPU+cpu, p.readCPU+both-cpu
	if late {
		p.late++
	}
	var seen []image.Rectangle
	if !p.noAnchor {
		if seen, err = p.anchorPage(s); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	p.kept(s, shown)
	p.panelsOf(s, masked, seen)
	return p.leaks(s, shown)
}

// redact runs the command on the page, and says whether reading ended because of the time.
func (p *pixels) redact(to string, flags ...string) (img image.Image, cpu time.Duration, late bool, err error) {
	report := filepath.Join(p.dir, "report.json")
	cmd := exec.CommandContext(context.Background(), p.byleave, append([]string{"redact", p.in, "-o", to, "--report", report}, flags...)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		return nil, 0, false, fmt.Errorf("%w: %s", err, last(complaint.String()))
	}
	var sum struct {
		Picture struct {
			Reading string `json:"reading"`
		} `json:"picture"`
	}
	b, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(b, &sum)
	}
	if err != nil {
		return nil, 0, false, err
	}
	late = len(flags) > 0 && sum.Picture.Reading != "byleave-ocr"
	if late && strings.HasPrefix(sum.Picture.Reading, "there is no") {
		return nil, 0, false, fmt.Errorf("byleave-ocr does not read: %s", sum.Picture.Reading)
	}
	img, err = open(to)
	return img, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), late, err
}

// load is how many programs have run or waited for a processor in the last minute, this one included.
func load() (programs float64) {
	b, _ := os.ReadFile("/proc/loadavg") // where there is none the row says 0
	_, _ = fmt.Sscan(string(b), &programs)
	return programs
}

func open(file string) (image.Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}

// kept counts which words that may be shown are drawn again.
func (p *pixels) kept(s page.Shot, shown image.Image) {
	for _, w := range s.Words {
		left := drawn(s.Image, shown, w.Box)
		var r *ratio
		switch w.Kind {
		case page.Harmless:
			r = &p.harmless
		case page.Interface:
			r = &p.interfaces
		default:
			p.strokes.all++
			if left {
				p.strokes.left++
				p.tell(s, w, "is drawn")
			}
			continue
		}
		r.all++
		if left {
			r.yes++
		}
	}
}

// panelsOf counts panels that the mask misses: over half of their words are still drawn where nothing should be.
func (p *pixels) panelsOf(s page.Shot, masked image.Image, seen []image.Rectangle) {
	words, left, found := map[int]int{}, map[int]int{}, map[int]int{}
	for _, w := range s.Words {
		words[w.Panel]++
		if drawn(s.Image, masked, w.Box) {
			left[w.Panel]++
		}
		for _, b := range seen {
			if in := b.Intersect(w.Box); 2*in.Dx() > w.Box.Dx() {
				found[w.Panel]++
				break
			}
		}
	}
	for n, all := range words {
		p.panels++
		if 2*left[n] > all {
			p.missed++
		}
		if 2*found[n] < all {
			p.anchorMissed++
		}
	}
}

// leaks has every reader look for the sensitive words.
func (p *pixels) leaks(s page.Shot, shown image.Image) error {
	var words []page.Word
	var boxes []image.Rectangle
	harmless := strings.Builder{}
	for _, w := range s.Words {
		if w.Kind == page.Sensitive {
			words, boxes = append(words, w), append(boxes, w.Box)
		} else {
			harmless.WriteString(w.Text + " ")
		}
	}
	known := tokens + " " + folded(harmless.String())
	left, anchorLeft, control := make([]bool, len(words)), make([]bool, len(words)), make([]bool, len(words))
	for _, reader := range p.names {
		r, t := p.readers[reader], p.read[reader]
		before, _, err := r.read(p.in, boxes, false)
		if err != nil {
			return err
		}
		after, all, err := r.read(p.shown, boxes, true)
		if err != nil {
			return err
		}
		anchor := make([]string, len(words))
		if !p.noAnchor {
			if anchor, _, err = r.read(p.anchored, boxes, false); err != nil {
				return err
			}
		}
		for i, w := range words {
			name := strings.HasPrefix(w.Class, "person")
			t.all++
			if shows(before[i], w.Text, name, tokens) {
				t.control++
				control[i] = true
			}
			if shows(after[i], w.Text, name, tokens) || somewhere(all, w.Text, name, known) {
				t.left++
				left[i] = true
				p.tell(s, w, fmt.Sprintf("is read by %s as %q", reader, after[i]))
			}
			if shows(anchor[i], w.Text, name, tokens) {
				t.anchorLeft++
				anchorLeft[i] = true
			}
		}
	}
	for i := range words {
		p.either.all++
		p.either.left += one(left[i])
		p.either.anchorLeft += one(anchorLeft[i])
		p.either.control += one(control[i])
	}
	return nil
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// tell names a word that is left, for whoever works on the mask. It holds no real data.
func (p *pixels) tell(s page.Shot, w page.Word, how string) {
	if p.misses == "pixels" {
		fmt.Printf("%s: %q (%s, %d px) at %v %s\n", s.Name, w.Text, w.Class, w.Pixel, w.Box, how)
	}
}

// drawn tells whether most of the strokes of a box are there in another picture, too, in the colours that they had or in others.
func drawn(before, after image.Image, box image.Rectangle) bool {
	return sameColours(before, after, box) || sameStrokes(before, after, box)
}

// sameColours tells whether what was ink has about its own colour and what was ground has that of the ground: no one colour over all of
// the box is both. A mask that reaches into the box does not hide the rest of it from this look.
func sameColours(before, after image.Image, box image.Rectangle) bool {
	far, most := distances(before, box)
	inks, same, grounds, kept := 0, 0, 0, 0
	for i, d := range far.Pix {
		moved := apart(colourAt(before, box, i), colourAt(after, box, i))
		switch {
		case 2*int(d) > most:
			inks++
			same += one(4*moved <= most)
		case d == 0:
			grounds++
			kept += one(8*moved <= most)
		}
	}
	return most > 8 && 5*same >= 4*inks && 2*kept >= grounds
}

// sameStrokes tells whether strokes stand in both. What is shown again is drawn in six shades: what was a little over half as dark as the
// darkest may be two fifths as dark then, and is there all the same.
func sameStrokes(before, after image.Image, box image.Rectangle) bool {
	a, b := strokesOf(before, box, 1./2), strokesOf(after, box, 3./8)
	all, same := 0, 0
	for i, ink := range a {
		if ink {
			all++
			if b[i] {
				same++
			}
		}
	}
	return all > 0 && 5*same >= 4*all
}

// strokesOf says which pixels of a box are more than a part as far from its ground as the farthest.
func strokesOf(img image.Image, box image.Rectangle, part float64) []bool {
	far, most := distances(img, box)
	out := make([]bool, len(far.Pix))
	for i, d := range far.Pix {
		out[i] = most > 8 && float64(d) > part*float64(most)
	}
	return out
}

// colourAt is the colour of pixel i of a box.
func colourAt(img image.Image, box image.Rectangle, i int) [3]int {
	r, g, b, _ := img.At(box.Min.X+i%box.Dx(), box.Min.Y+i/box.Dx()).RGBA()
	return [3]int{int(r >> 8), int(g >> 8), int(b >> 8)}
}

// apart is how far two colours are from each other, in the channel in which they differ most.
func apart(a, b [3]int) (most int) {
	for k := range a {
		most = max(most, a[k]-b[k], b[k]-a[k])
	}
	return most
}

// distances says how far each pixel of a box is from its commonest colour, in the channel in which it differs most.
func distances(img image.Image, box image.Rectangle) (far *image.Gray, most int) {
	count, colours := map[[3]uint8]int{}, make([][3]uint8, 0, box.Dx()*box.Dy())
	var ground [3]uint8
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			c := [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
			colours = append(colours, c)
			if count[c]++; count[c] > count[ground] {
				ground = c
			}
		}
	}
	far = image.NewGray(image.Rect(0, 0, box.Dx(), box.Dy()))
	for i, c := range colours {
		d := 0
		for k := range c {
			d = max(d, int(c[k])-int(ground[k]), int(ground[k])-int(c[k]))
		}
		far.Pix[i], most = uint8(d), max(most, d)
	}
	return far, most
}

// rows writes what was measured into the table.
func (p *pixels) rows(t *table) {
	t.names = append(t.names, engine{name: anchorName})
	cover := func(what string, c *tally) {
		r := t.row("pixels, sensitive words covered after reveal, "+what, "of 1", .999, report.Higher)
		r.set("byleave", c.all-c.left, c.all)
		r.set(anchorName, c.all-c.anchorLeft, c.all)
	}
	for _, r := range p.names {
		c := p.read[r]
		t.row("pixels, control: sensitive words that "+r+" reads unmasked", "of 1", 0, report.Higher).set("byleave", c.control, c.all)
		cover("read back by "+r, c)
	}
	cover("read back by any of them", &p.either)
	t.row("pixels, sensitive words of which no drawing is left", "of 1", .999, report.Higher).set("byleave", p.strokes.all-p.strokes.left, p.strokes.all)
	missed := t.row(fmt.Sprintf("pixels, panels missed of %d", p.panels), "panels", 0, report.Lower)
	missed.value("byleave", float64(p.missed))
	missed.value(anchorName, float64(p.anchorMissed))
	t.row("pixels, harmless words revealed within 5 s", "of 1", .60, report.Higher).set("byleave", p.harmless.yes, p.harmless.all)
	t.row("pixels, interface words revealed within 5 s", "of 1", .90, report.Higher).set("byleave", p.interfaces.yes, p.interfaces.all)
	late := t.row(fmt.Sprintf("pixels, pages not read to the end in 5 s, of %d", p.pages), "pages", 0, report.Lower)
	late.value("byleave", float64(p.late))
	slices.Sort(p.took)
	if n := len(p.took); n > 0 {
		t.row("pixels, from the start of the command to the picture with lines shown, p95", "s", 5, report.Lower).value("byleave", p.took[n*95/100].Seconds())
		t.row("pixels, programs that ran or waited for a processor meanwhile, mean", "", 0, report.Lower).value("byleave", p.load/float64(n))
	}
	per := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(max(p.pages, 1)) }
	t.row("pixels, processor time of masking a page (the whole command)", "ms", 0, report.Lower).value("byleave", per(p.maskCPU))
	read := t.row("pixels, processor time of reading and revealing a page", "ms", 0, report.Lower)
	read.value("byleave", per(p.readCPU))
	read.value(anchorName, per(p.anchor))
}
