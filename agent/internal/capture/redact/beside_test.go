package redact

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
	"testing"
)

// TestLabelsOfAnySort: what stands beside a label stays masked, too, where the label is none of the lines that a reader sees, stands behind
// something that nobody can read, or is one of too many.
func TestLabelsOfAnySort(t *testing.T) {
	face := faces(t)["regular 14"]
	ground := func(h int) *image.RGBA {
		img := image.NewRGBA(image.Rect(0, 0, 700, h))
		draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
		return img
	}
	// fade makes a ground that no reader's line has.
	fade := func(img *image.RGBA, r image.Rectangle) {
		for x := r.Min.X; x < r.Max.X; x++ {
			draw.Draw(img, image.Rect(x, r.Min.Y, x+1, r.Max.Y), image.NewUniform(color.Gray{byte(255 - (x-r.Min.X)/3)}), image.Point{}, draw.Src)
		}
	}
	text := func(img *image.RGBA, x, y int, s string) { write(img, color.Black, face, x, y, s) }
	icon := func(img *image.RGBA, x, y int) {
		draw.Draw(img, image.Rect(x, y-11, x+14, y), image.NewUniform(color.Gray{90}), image.Point{}, draw.Src)
	}
	column := func(img *image.RGBA, n int) {
		for i := range n {
			text(img, 20, 200+16*i, "is")
		}
	}
	for _, test := range []struct {
		name  string
		high  int
		draw  func(img *image.RGBA)
		says  []string
		shown []string
	}{
		{"nothing beside it", 100, func(img *image.RGBA) { text(img, 300, 50, "weather") }, []string{"weather"}, []string{"weather"}},
		{"a label on a ground of many colours beside it", 100, func(img *image.RGBA) {
			fade(img, image.Rect(20, 20, 240, 70))
			text(img, 60, 50, "Password of mine")
			text(img, 300, 50, "weather")
		}, []string{"weather"}, nil},
		{"one above it", 100, func(img *image.RGBA) {
			fade(img, image.Rect(20, 10, 240, 45))
			text(img, 60, 33, "Password of mine")
			text(img, 60, 60, "weather")
		}, []string{"weather"}, nil},
		{"one below it", 100, func(img *image.RGBA) {
			fade(img, image.Rect(20, 45, 240, 90))
			text(img, 60, 33, "weather")
			text(img, 60, 68, "Password of mine")
		}, []string{"weather"}, []string{"weather"}},
		{"a label behind a mark", 100, func(img *image.RGBA) {
			text(img, 60, 50, "Password:")
			icon(img, 200, 50)
			text(img, 300, 50, "weather")
		}, []string{"Password:", "", "weather"}, []string{"Password:"}},
		{"a label that nobody can read behind a mark", 100, func(img *image.RGBA) {
			text(img, 60, 50, "Password:")
			icon(img, 200, 50)
			text(img, 300, 50, "weather")
		}, []string{"", "", "weather"}, nil},
		{"a mark alone", 100, func(img *image.RGBA) {
			icon(img, 200, 50)
			text(img, 300, 50, "weather")
		}, []string{"", "weather"}, []string{"weather"}},
		{"many lines", 200 + 16*mostLines, func(img *image.RGBA) {
			text(img, 13, 60, "weather")
			column(img, mostLines-1)
		}, []string{"weather"}, []string{"weather"}},
		{"a label that is one too many", 200 + 16*mostLines, func(img *image.RGBA) {
			text(img, 30, 42, "Password:")
			text(img, 13, 60, "weather")
			column(img, mostLines)
		}, []string{"weather"}, nil},
		{"far too many", 200 + 16*mostRows, func(img *image.RGBA) {
			text(img, 13, 60, "weather")
			column(img, mostRows)
		}, []string{"weather"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			img := ground(test.high)
			test.draw(img)
			_, v := looked(t, img, &script{says: test.says})
			if got := shownLines(v); !slices.Equal(got, test.shown) {
				t.Errorf("shown %q, want %q", got, test.shown)
			}
		})
	}
}

// TestTextUnderText: small text close below or above large text, or among its tails, is never shown with it, though who reads the large text
// reads that alone; and dots, accents and tails are no such text.
func TestTextUnderText(t *testing.T) {
	fs := faces(t)
	for _, test := range []struct {
		name, large, face, small string
		x, y                     int // of the small text
	}{
		{"alone", "The big yellow jar, if it is 'fine' today: high!", "regular 32", "", 0, 0},
		{"alone and small", "The big yellow jar, if it is fine today: high!", "regular 18", "", 0, 0},
		{"alone, of one width", "The big yellow jar, if it is 'fine' today: high!", "mono 14", "", 0, 0},
		{"below the line", "Weather report", "regular 40", "4539 1488", 50, 80},
		{"among the tails", "Every happy type", "regular 40", "4539 1488", 60, 80},
		{"above the small letters", "some more news", "regular 40", "471153", 60, 48},
	} {
		t.Run(test.name, func(t *testing.T) {
			img := image.NewRGBA(image.Rect(0, 0, 900, 130))
			draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
			write(img, color.Black, fs[test.face], 40, 70, test.large)
			write(img, color.Black, fs["regular 10"], test.x, test.y, test.small)
			_, v := looked(t, img, &script{says: []string{test.large, test.small, test.small}})
			small := image.Rect(test.x, test.y-8, test.x+50, test.y)
			if test.small == "" && len(v.shown.strokes) == 0 {
				t.Error("nothing is shown")
			}
			for _, s := range v.shown.strokes {
				if test.small != "" && s.Overlaps(small) {
					t.Errorf("the small text is shown at %v", s.Rectangle)
				}
			}
		})
	}
}
