package main

import "image"

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

// plain tells whether a part of a picture has one colour.
func plain(img image.Image, box image.Rectangle) bool {
	box = box.Intersect(img.Bounds())
	first := img.At(box.Min.X, box.Min.Y)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if img.At(x, y) != first {
				return false
			}
		}
	}
	return true
}
