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
	"strings"
	"time"

	"github.com/byleave/byleave/bench/redaction/page"
)

// anchorName is the image anchor: what Tesseract finds by its defaults and our engine finds in that is covered, the rest is shown.
const anchorName = "tesseract+scanner"

// Seeds of the pages, and of how many pages one is looked at more closely: what readers see without a mask, what the anchor leaves, and
// whether a reading of the whole page finds a word that was not found at its place. Seven shares no factor with the templates or the seeds.
const (
	pageSeeds = 3
	closely   = 7
)

// Times of reading: the goal, and what is as good as none.
const (
	inTime    = 5 * time.Second
	noHurry   = 2 * time.Minute
	mostTries = 3 // to read a page to its end: a reader of ours that was too slow on a busy machine would make the picture show less
)

// pixels measures pictures: pages that Chromium draws are masked, with and without reading, and read back by readers of other make. Pages
// that were measured before, with the same programs, are not measured again.
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
	done, err := openDone(filepath.Join(o.out, "pixels.jsonl"), p.programs())
	if err != nil {
		return err
	}
	defer done.close()
	b, err := page.Open(context.Background(), dir)
	if err != nil {
		return err
	}
	defer b.Close()
	sum, err := p.all(b, done)
	if err != nil {
		return err
	}
	sum.rows(t, p.names)
	return nil
}

// all measures the pages, seeds mixed, so that the first ones are a part of all.
func (p *pixels) all(b *page.Browser, done *done) (sum counts, err error) {
	var pages [pageSeeds][]page.Page
	each := (p.pages + pageSeeds - 1) / pageSeeds
	for seed := range pages {
		pages[seed] = page.Pages(uint64(seed)+1, each)
	}
	began, measured := time.Now(), 0
	for n := range pageSeeds * each {
		pg, deep := pages[n%pageSeeds][n/pageSeeds], n%closely == 0
		key := done.key(pg, deep)
		c, ok := done.pages[key]
		if !ok {
			s, err := b.Draw(pg)
			if err == nil {
				c, err = p.page(s, deep)
			}
			if err == nil {
				err = done.add(key, c)
			}
			if err != nil {
				return sum, fmt.Errorf("page %d, %s: %w", n+1, pg.Name, err)
			}
			measured++
		}
		sum.add(c)
		if !ok {
			one := time.Since(began) / time.Duration(measured)
			fmt.Fprintf(os.Stderr, "page %d of %d, %.1f s each, about %d min left: of %d sensitive words %d are read, %d are drawn\n", n+1, pageSeeds*each,
				one.Seconds(), int((one*time.Duration(pageSeeds*each-n-1)).Minutes()+.5), sum.Either.All, sum.Either.Left, sum.Strokes.Left)
		}
	}
	return sum, nil
}

// pixels measures pages.
type pixels struct {
	options
	dir, in, masked, shown, anchored string
	goal, within                     time.Duration // lines are read: what counts as in time, and until when
	readers                          map[string]reader
	names                            []string // of the readers
	noAnchor                         bool
}

func pixelsIn(o options, dir string) *pixels {
	return &pixels{options: o, dir: dir, goal: inTime, within: noHurry, in: filepath.Join(dir, "in.png"), masked: filepath.Join(dir, "masked.png"), shown: filepath.Join(dir, "shown.png"),
		anchored: filepath.Join(dir, "anchored.png"), readers: map[string]reader{}}
}

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
		p.names, p.readers[name] = append(p.names, name), rd
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

// programs are the files that decide what is measured.
func (p *pixels) programs() (files []string) {
	files = []string{p.byleave, filepath.Join(filepath.Dir(p.byleave), "byleave-ocr")}
	if self, err := os.Executable(); err == nil {
		files = append(files, self)
	}
	for _, r := range strings.Split(p.options.readers, ";") {
		for _, f := range strings.Fields(r) {
			if strings.HasSuffix(f, ".py") {
				files = append(files, f)
			}
		}
	}
	return files
}

// page measures one page. What is read back is the picture in which all lines were read, however long that took: nothing more can be shown.
// What counts as revealed is what is shown in time.
func (p *pixels) page(s page.Shot, deep bool) (c counts, err error) {
	if err := os.WriteFile(p.in, s.PNG, 0o600); err != nil {
		return c, err
	}
	c.Pages = 1
	masked, cpu, _, err := p.redact(p.masked)
	if err != nil {
		return c, err
	}
	shown, took, both, late, err := p.reveal(p.within)
	if err != nil {
		return c, err
	}
	c.Partial = one(late)
	timely := shown
	if took > p.goal {
		if timely, _, _, late, err = p.reveal(p.goal); err != nil {
			return c, err
		}
		if err := p.write(shown); err != nil {
			return c, err
		}
	}
	c.Late, c.MaskCPU, c.ReadCPU, c.Took, c.Load = one(late), cpu, both-cpu, []time.Duration{took}, load()
	var seen []image.Rectangle
	if deep && !p.noAnchor {
		if seen, c.AnchorCPU, err = p.anchorPage(s); err != nil {
			return c, err
		}
		c.Closely = 1
	}
	c.kept(s, shown, timely, p.tell)
	c.panels(s, masked, seen)
	err = p.leaks(s, shown, deep, &c)
	return c, err
}

// reveal has the command show lines again that it has read by then. A picture that may take as long as it likes is tried again if it was not read to its end.
func (p *pixels) reveal(within time.Duration) (shown image.Image, took, cpu time.Duration, late bool, err error) {
	for range mostTries {
		began := time.Now()
		shown, cpu, late, err = p.redact(p.shown, "--reveal", "--within", within.String())
		took = time.Since(began)
		if err != nil || !late || within <= p.goal {
			break
		}
	}
	return shown, took, cpu, late, err
}

// write puts back the picture that is read.
func (p *pixels) write(shown image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, shown); err != nil {
		return err
	}
	return os.WriteFile(p.shown, b.Bytes(), 0o600)
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

// leaks has every reader look for the sensitive words.
func (p *pixels) leaks(s page.Shot, shown image.Image, deep bool, c *counts) error {
	known := strings.Builder{}
	var words []page.Word
	for _, w := range s.Words {
		if w.Kind == page.Sensitive {
			words = append(words, w)
		} else {
			known.WriteString(w.Text + " ")
		}
	}
	look := looking{pixels: p, shot: s, words: words, known: tokens + " " + folded(known.String()), left: make([]bool, len(words)),
		control: make([]bool, len(words)), anchorLeft: make([]bool, len(words)), deep: deep}
	look.boxes(shown)
	c.Read = map[string]*tally{}
	for _, name := range p.names {
		c.Read[name] = &tally{}
		if err := look.by(name, c.Read[name]); err != nil {
			return err
		}
	}
	for i := range words {
		c.Either.count(look.left[i], false)
		if deep {
			c.Either.countClosely(look.control[i], look.anchorLeft[i], !p.noAnchor)
		}
	}
	return nil
}

// looking is readers on their way over the sensitive words of one page.
type looking struct {
	*pixels
	shot                      page.Shot
	words                     []page.Word
	known                     string // what stands on the page and is no leak, folded
	deep                      bool
	places                    []image.Rectangle // of words where anything is drawn, then around them
	of                        []int             // which words these are
	left, control, anchorLeft []bool            // by any reader
}

// boxes finds the words at whose place there is anything to read: where all is one colour, the margin included, no reader sees a thing.
func (l *looking) boxes(shown image.Image) {
	var around []image.Rectangle
	for i, w := range l.words {
		if !plain(shown, w.Box.Inset(-readerMargin)) {
			l.of, l.places, around = append(l.of, i), append(l.places, w.Box), append(around, surrounding(w.Box).Intersect(shown.Bounds()))
		}
	}
	l.places = append(l.places, around...)
}

// by has one reader read the places, and on some pages all else.
func (l *looking) by(name string, t *tally) error {
	r := l.readers[name]
	read, all, err := r.read(l.shown, l.places, l.deep)
	if err != nil {
		return err
	}
	at, around := make([]string, len(l.words)), make([]string, len(l.words))
	for k, i := range l.of {
		at[i], around[i] = read[k], read[len(l.of)+k]
	}
	var before, anchor []string
	if l.deep {
		boxes := make([]image.Rectangle, len(l.words))
		for i, w := range l.words {
			boxes[i] = w.Box
		}
		if before, _, err = r.read(l.in, boxes, false); err == nil && !l.noAnchor {
			anchor, _, err = r.read(l.anchored, boxes, false)
		}
		if err != nil {
			return err
		}
	}
	for i, w := range l.words {
		person := strings.HasPrefix(w.Class, "person")
		left := shows(at[i], w.Text, person, tokens) || somewhere(around[i], w.Text, person, l.known)
		elsewhere := !left && somewhere(all, w.Text, person, l.known)
		t.count(left || elsewhere, elsewhere)
		l.left[i] = l.left[i] || left || elsewhere
		if left || elsewhere {
			l.tell(l.shot, w, fmt.Sprintf("is read by %s as %q, around it %q, elsewhere %v", name, at[i], around[i], elsewhere))
		}
		if l.deep {
			seen := shows(before[i], w.Text, person, tokens)
			kept := !l.noAnchor && shows(anchor[i], w.Text, person, tokens)
			t.countClosely(seen, kept, !l.noAnchor)
			l.control[i], l.anchorLeft[i] = l.control[i] || seen, l.anchorLeft[i] || kept
		}
	}
	return nil
}

// readerMargin is how many pixels around a box readers see.
const readerMargin = 3

// surrounding is a box with what stands close beside it: two heights on both sides, a quarter of one above and below.
func surrounding(b image.Rectangle) image.Rectangle {
	return image.Rect(b.Min.X-2*b.Dy(), b.Min.Y-b.Dy()/4, b.Max.X+2*b.Dy(), b.Max.Y+b.Dy()/4)
}

// tell names a word that is left, for whoever works on the mask. It holds no real data.
func (p *pixels) tell(s page.Shot, w page.Word, how string) {
	if p.misses == "pixels" {
		fmt.Printf("%s: %q (%s, %d px) at %v %s\n", s.Name, w.Text, w.Class, w.Pixel, w.Box, how)
	}
}
