package indicator

import (
	"image"
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// label makes words fit to draw: one line of printable characters, not too long.
func label(words string) string {
	runes := []rune(strings.Join(strings.FieldsFunc(words, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " "))
	if len(runes) > most {
		runes = append(runes[:most-3], '.', '.', '.')
	}
	return string(runes)
}

func textWidth(words string) int { return font.MeasureString(basicfont.Face7x13, words).Ceil() }

// drawText sets the pixels of words whose base line begins at p.
func drawText(words string, p image.Point, set func(x, y int)) {
	mask := image.NewAlpha(image.Rect(0, 0, textWidth(words), side))
	d := font.Drawer{Dst: mask, Src: image.Opaque, Face: basicfont.Face7x13, Dot: fixed.P(0, p.Y)}
	d.DrawString(words)
	for y := range side {
		for x := range mask.Rect.Dx() {
			if mask.AlphaAt(x, y).A > 127 {
				set(p.X+x, y)
			}
		}
	}
}
