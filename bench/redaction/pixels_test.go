package main

import (
	"image"
	"image/color"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/byleave/byleave/bench/redaction/page"
)

// newPixels opens a browser and one reader that every Debian has.
func newPixels(t *testing.T, binary string) (*pixels, *page.Browser) {
	t.Helper()
	bin, err := filepath.Abs("../../bin/" + binary)
	if err != nil {
		t.Fatal(err)
	}
	p := pixelsIn(options{byleave: bin, readers: "ocrad=ocrad", misses: "pixels"}, t.TempDir())
	p.goal, p.noAnchor = p.within, true // whatever else this machine does: how long it takes is not what is asked here
	if err := p.openReaders(&table{}); err != nil {
		t.Fatalf("%v: apt-get install ocrad", err)
	}
	b, err := page.Open(t.Context(), p.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return p, b
}

// TestPixels is the short form of the measurement: on a few pages no sensitive word can be read or is drawn, no panel is missed,
// and what is shown again is not nothing.
func TestPixels(t *testing.T) {
	p, b := newPixels(t, "byleave")
	var sum counts
	for _, pg := range page.Pages(2, 8)[:7] {
		s, err := b.Draw(pg)
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.page(s, true)
		if err != nil {
			t.Fatal(err)
		}
		sum.add(c)
	}
	c := sum.Read["ocrad"]
	t.Logf("%d sensitive words on %d pages, of which ocrad reads %d unmasked; %d of %d harmless words and %d of %d of the interface are shown again",
		c.All, sum.Pages, c.Control, sum.Harmless.Yes, sum.Harmless.All, sum.Interface.Yes, sum.Interface.All)
	if c.All < 100 || 10*c.Control < 8*c.All {
		t.Errorf("the reader reads %d of %d words unmasked: it proves nothing", c.Control, c.All)
	}
	if c.Left > 0 || sum.Strokes.Left > 0 {
		t.Errorf("%d sensitive words are read, %d are drawn", c.Left, sum.Strokes.Left)
	}
	if sum.Missed > 0 || sum.Panels < 10 {
		t.Errorf("%d of %d panels are missed", sum.Missed, sum.Panels)
	}
	if sum.Interface.Yes == 0 || sum.Harmless.Yes == 0 {
		t.Error("nothing is shown again")
	}
}

// TestPixelsCanFail: the same measurement of a build that masks nothing finds what is left. What was measured is not measured again, but by
// the same programs only, and half a line in the file is no page.
func TestPixelsCanFail(t *testing.T) {
	p, b := newPixels(t, "byleave-disconnected")
	p.misses = ""
	pg := page.Pages(2, 8)[3]
	s, err := b.Draw(pg)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := p.page(s, true)
	if err != nil {
		t.Fatal(err)
	}
	c := sum.Read["ocrad"]
	if 10*c.Left < 8*c.All || 10*sum.Strokes.Left < 9*sum.Strokes.All || sum.Missed != sum.Panels || c.All == 0 {
		t.Errorf("of %d words %d are read and %d are drawn, of %d panels %d are missed", c.All, c.Left, sum.Strokes.Left, sum.Panels, sum.Missed)
	}
	file := filepath.Join(t.TempDir(), "pixels.jsonl")
	d := opened(t, file, p.byleave)
	key := d.key(pg, true)
	if err := d.add(key, sum); err != nil {
		t.Fatal(err)
	}
	if _, err := d.file.WriteString(`{"key": "half`); err != nil {
		t.Fatal(err)
	}
	d = opened(t, file, p.byleave)
	if err := d.add("another", counts{Pages: 2}); err != nil {
		t.Fatal(err)
	}
	d = opened(t, file, p.byleave)
	if got := d.pages[d.key(pg, true)]; !reflect.DeepEqual(got, sum) || d.pages["another"].Pages != 2 || len(d.pages) != 2 {
		t.Errorf("%+v became %+v", sum, got)
	}
	if other := opened(t, file, file); other.key(pg, true) == key || d.key(pg, false) == key || d.key(page.Pages(1, 1)[0], true) == key {
		t.Error("what other programs measured of a page, or of another page, or less closely, is taken for the same")
	}
}

func opened(t *testing.T, file string, programs ...string) *done {
	t.Helper()
	d, err := openDone(file, programs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

// TestLooking: at the place of a word that is masked there is nothing to read; where anything is drawn it is read, and what stands around it.
func TestLooking(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 200, 100))
	l := looking{words: []page.Word{{Box: image.Rect(20, 20, 60, 32)}, {Box: image.Rect(100, 20, 140, 32)}, {Box: image.Rect(20, 60, 60, 72)}}}
	img.SetGray(99, 25, color.Gray{1}) // in the margin of the second
	img.SetGray(40, 66, color.Gray{255})
	if l.boxes(img); !reflect.DeepEqual(l.of, []int{1, 2}) || !reflect.DeepEqual(l.places, []image.Rectangle{l.words[1].Box, l.words[2].Box, image.Rect(76, 17, 164, 35), image.Rect(0, 57, 84, 75)}) {
		t.Errorf("words %v are looked at, in %v", l.of, l.places)
	}
}

func TestShows(t *testing.T) {
	for _, c := range []struct {
		reading, word string
		name, want    bool
	}{
		{"", "4111", false, false}, {"4111", "4111", false, true}, {"x 41ll y", "4111222233334444", false, true}, {"411", "4111", false, false},
		{"12", "12", false, true}, {"1234", "12", false, false}, {"I", "1", false, false}, {"1", "1", false, true}, {"J0HN smith", "John", true, true}, {"Jo", "John", true, false}, {"van", "van", true, true},
		{"jane@ex", "jane@example.com", false, true}, {"(((", "***", false, false}, {"<EMAIL#l>", "a@pecqm-mail.fr", false, false},
		{"<ID#12>", "0x9fe1d12ab", false, false}, {"<ID#12>1d12ab", "0x9fe1d12ab", false, true}, {"<EMAIL#11>", "0111 11", false, false}, {"pecqm-mail", "a@pecqm-mail.fr", false, true},
	} {
		if got := shows(c.reading, c.word, c.name, tokens); got != c.want {
			t.Errorf("%q shows %q: %v", c.reading, c.word, got)
		}
	}
	known := folded("Check it again. Thank you.")
	if somewhere("again.Thank", "DG3Xa!ntpb", false, known) || somewhere("llll", "jilelilij", false, "") || somewhere("Filel", "a@jilelilij.fr", false, folded("File")) || somewhere("Carla", "Carla", true, folded("Carla")) || !somewhere("to jane@exa now", "jane@example.com", false, known) || !somewhere("Carla", "Carla", true, "") {
		t.Error("what is read anywhere on a page is taken for what it is not")
	}
}
