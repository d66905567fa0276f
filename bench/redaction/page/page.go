package page

import (
	"image"
	"math/rand/v2"
)

// Kind is what a word is.
type Kind uint8

// The kinds.
const (
	Harmless  Kind = iota // tells nothing of anybody
	Interface             // of menus, buttons and labels
	Sensitive             // must not leave
)

// Word is a word where Chromium drew it.
type Word struct {
	Text  string
	Class string // of a sensitive word: that of its value
	Kind  Kind
	Panel int
	Pixel int // height of its font
	Box   image.Rectangle
}

// Page is a page to be drawn.
type Page struct {
	Name   string // what it shows, in which theme
	HTML   string
	Width  int // of the window, in CSS pixels
	Height int
	Scale  float64 // pixels a CSS pixel has
}

// look is how a panel looks.
type look struct{ name, ground, ink string }

var looks = []look{
	{"light", "#ffffff", "#1a1a1a"}, {"dark", "#1e1e1e", "#d4d4d4"}, {"grey", "#f0f0f0", "#3c3c3c"}, {"green panel", "#2e7d32", "#ffffff"},
	{"blue panel", "#1565c0", "#ffffff"}, {"low contrast", "#ffffff", "#9a9a9a"}, {"night blue", "#0b2545", "#c8d5f0"}, {"low on dark", "#2b2b2b", "#6b6b6b"},
	{"red panel", "#b71c1c", "#ffe9e9"}, {"cream", "#fdf6e3", "#586e75"}, {"orange panel", "#ff9800", "#202020"}, {"faint", "#fafafa", "#c6c6c6"},
	{"purple panel", "#6a1b9a", "#f3e5f5"}, {"blue on blue", "#336699", "#7fa6cf"}, {"black", "#000000", "#ffffff"}, {"violet on cream", "#fff8e1", "#7e57c2"},
}

// sizes are heights of fonts in CSS pixels; at scale 2 only the first few are used.
var sizes = []int{10, 11, 12, 13, 14, 15, 16, 18, 20, 24, 32, 40}

// Pages makes n pages: every template in turn, each with looks and sizes of its own.
func Pages(seed uint64, n int) []Page {
	r := rand.New(rand.NewPCG(seed, 0x9a9e5))
	pages := make([]Page, n)
	for i := range pages {
		t := templates[i%len(templates)]
		w := &writer{r: r, size: sizes[(i*5+int(seed)*3)%len(sizes)]}
		pages[i] = Page{Width: 1280, Height: 800, Scale: 1}
		if i%3 == 2 { // a screen of twice the density
			pages[i].Width, pages[i].Height, pages[i].Scale = 800, 600, 2
			w.size = sizes[(i*5+int(seed)*3)%8]
		}
		first := look(looks[(i+int(seed)*5)%len(looks)])
		pages[i].Name = t.name + ", " + first.name
		w.first = first
		t.write(w)
		pages[i].HTML = w.finish()
	}
	return pages
}
