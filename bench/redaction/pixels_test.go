package main

import (
	"path/filepath"
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
	p.within = "2m" // whatever else this machine does: how long it takes is not what is asked here
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
	p.noAnchor = true
	for _, pg := range page.Pages(2, 8)[:7] {
		s, err := b.Draw(pg)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.page(s); err != nil {
			t.Fatal(err)
		}
	}
	c := p.read["ocrad"]
	t.Logf("%d sensitive words on %d pages, of which ocrad reads %d unmasked; %d of %d harmless words and %d of %d of the interface are shown again",
		c.all, p.pages, c.control, p.harmless.yes, p.harmless.all, p.interfaces.yes, p.interfaces.all)
	if c.all < 100 || 10*c.control < 8*c.all {
		t.Errorf("the reader reads %d of %d words unmasked: it proves nothing", c.control, c.all)
	}
	if c.left > 0 || p.strokes.left > 0 {
		t.Errorf("%d sensitive words are read, %d are drawn", c.left, p.strokes.left)
	}
	if p.missed > 0 || p.panels < 10 {
		t.Errorf("%d of %d panels are missed", p.missed, p.panels)
	}
	if p.interfaces.yes == 0 || p.harmless.yes == 0 {
		t.Error("nothing is shown again")
	}
}

// TestPixelsCanFail: the same measurement of a build that masks nothing finds what is left.
func TestPixelsCanFail(t *testing.T) {
	p, b := newPixels(t, "byleave-disconnected")
	p.noAnchor, p.misses = true, ""
	s, err := b.Draw(page.Pages(2, 8)[3])
	if err != nil {
		t.Fatal(err)
	}
	if err := p.page(s); err != nil {
		t.Fatal(err)
	}
	c := p.read["ocrad"]
	if 10*c.left < 8*c.all || 10*p.strokes.left < 9*p.strokes.all || p.missed != p.panels || c.all == 0 {
		t.Errorf("of %d words %d are read and %d are drawn, of %d panels %d are missed", c.all, c.left, p.strokes.left, p.panels, p.missed)
	}
}

func TestShows(t *testing.T) {
	for _, c := range []struct {
		reading, word string
		name, want    bool
	}{
		{"", "4111", false, false}, {"4111", "4111", false, true}, {"x 41ll y", "4111222233334444", false, true}, {"411", "4111", false, false},
		{"12", "12", false, true}, {"1234", "12", false, false}, {"J0HN smith", "John", true, true}, {"Jo", "John", true, false}, {"van", "van", true, true},
		{"jane@ex", "jane@example.com", false, true}, {"(((", "***", false, false}, {"<EMAIL#l>", "a@pecqm-mail.fr", false, false},
		{"<ID#12>", "0x9fe1d12ab", false, false}, {"<ID#12>1d12ab", "0x9fe1d12ab", false, true}, {"<EMAIL#11>", "0111 11", false, false}, {"pecqm-mail", "a@pecqm-mail.fr", false, true},
	} {
		if got := shows(c.reading, c.word, c.name, tokens); got != c.want {
			t.Errorf("%q shows %q: %v", c.reading, c.word, got)
		}
	}
	known := folded("Check it again. Thank you.")
	if somewhere("again.Thank", "DG3Xa!ntpb", false, known) || somewhere("llll", "jilelilij", false, "") || !somewhere("to jane@exa now", "jane@example.com", false, known) {
		t.Error("what is read anywhere on a page is taken for what it is not")
	}
}
