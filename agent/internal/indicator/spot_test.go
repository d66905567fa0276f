package indicator

import (
	"image"
	"os"
	"path/filepath"
	"testing"
)

var (
	one = []image.Rectangle{image.Rect(0, 0, 1920, 1080)}
	two = []image.Rectangle{image.Rect(0, 0, 1920, 1080), image.Rect(1920, 0, 3200, 1024)}
)

// The mark lies wholly on a monitor wherever it was left, whatever became of the monitors, and however long its words are.
func TestSpotIsOnAMonitor(t *testing.T) {
	for name, c := range map[string]struct {
		s    spot
		in   []image.Rectangle
		desk image.Rectangle
		want image.Point
	}{
		"usual":                  {spot{}, one, image.Rectangle{}, image.Pt(1920-margin-100, margin)},
		"below a panel":          {spot{}, one, image.Rect(0, 26, 1920, 1080), image.Pt(1920-margin-100, 26+margin)},
		"a desk that is nowhere": {spot{}, one, image.Rect(5000, 5000, 6000, 6000), image.Pt(1920-margin-100, margin)},
		"left":                   {spot{Set: true, Left: true, X: 300, Y: 40}, one, image.Rectangle{}, image.Pt(300, 40)},
		"right":                  {spot{Set: true, X: 1800, Y: 40}, one, image.Rectangle{}, image.Pt(1700, 40)},
		"second monitor":         {spot{Set: true, X: 3200, Y: 900}, two, image.Rectangle{}, image.Pt(3100, 900)},
		"its monitor went":       {spot{Set: true, X: 3200, Y: 900}, one, image.Rectangle{}, image.Pt(1820, 900)},
		"below the lower one":    {spot{Set: true, Left: true, X: 2000, Y: 1079}, two, image.Rectangle{}, image.Pt(2000, 1024-side)},
		"between two":            {spot{Set: true, X: 1950, Y: 5}, two, image.Rectangle{}, image.Pt(1820, 5)},
		"far out":                {spot{Set: true, Left: true, X: -20000, Y: -20000}, one, image.Rectangle{}, image.Pt(0, 0)},
	} {
		at := c.s.on(c.in, c.desk, 100)
		if at != c.want {
			t.Errorf("%s: %v, want %v", name, at, c.want)
		}
		whole := image.Rect(0, 0, 100, side).Add(at)
		if !whole.In(c.in[0]) && !whole.In(c.in[len(c.in)-1]) {
			t.Errorf("%s: %v lies on no monitor", name, whole)
		}
	}
	right := spotAt(image.Rect(1700, 40, 1800, 40+side), one)
	if short := right.on(one, image.Rectangle{}, 50); short != image.Pt(1750, 40) {
		t.Errorf("the right edge does not stay: %v", short)
	}
}

func TestSpotIsRemembered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mark.json")
	if readSpot(file) != (spot{}) || readSpot("") != (spot{}) {
		t.Error("no file is a place")
	}
	want := spot{Set: true, Left: true, X: 7, Y: 9}
	want.save(file)
	if got := readSpot(file); got != want {
		t.Errorf("remembered %+v", got)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
	for _, rubbish := range []string{"", "{", `{"set":true,"x":1e9,"y":0}`, `{"set":true,"x":99999,"y":0}`, "null", "[]"} {
		if err := os.WriteFile(file, []byte(rubbish), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := readSpot(file); got != (spot{}) {
			t.Errorf("%q is the place %+v", rubbish, got)
		}
	}
}
