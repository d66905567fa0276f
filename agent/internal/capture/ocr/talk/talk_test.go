package talk

import (
	"bytes"
	"errors"
	"image"
	"strings"
	"testing"
)

// TestThereAndBack: what fits arrives as it was sent, also a part of a larger picture; what does not fit is not sent.
func TestThereAndBack(t *testing.T) {
	large := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range large.Pix {
		large.Pix[i] = byte(i)
	}
	part := large.SubImage(image.Rect(3, 4, 33, 24)).(*image.Gray)
	var b bytes.Buffer
	memory, err := WriteLine(&b, 77, part, nil)
	if err != nil || len(memory) != b.Len() {
		t.Fatal(err)
	}
	number, got, _, err := ReadLine(&b, nil)
	if err != nil || number != 77 || got.Rect != image.Rect(0, 0, 30, 20) {
		t.Fatalf("line %d of %v, %v", number, got.Rect, err)
	}
	for y := range 20 {
		for x := range 30 {
			if got.GrayAt(x, y) != part.GrayAt(x+3, y+4) {
				t.Fatalf("pixel %d,%d differs", x, y)
			}
		}
	}
	for _, a := range []Answer{{1, "", 0}, {1 << 31, "Zdeněk 日本", 1}, {3, strings.Repeat("x", MostText), .5}} {
		b.Reset()
		if err := WriteAnswer(&b, a); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadAnswer(&b); err != nil || got != a {
			t.Errorf("%.20v became %.20v, %v", a, got, err)
		}
	}
	for _, text := range []string{"two\nlines", "\xff", strings.Repeat("x", MostText+1), "a\u2028b", "a\x1b[2J"} {
		b.Reset()
		if err := WriteAnswer(&b, Answer{1, text, 1}); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadAnswer(&b); err != nil || got != (Answer{Number: 1}) {
			t.Errorf("%.20q became %v, %v", text, got, err)
		}
	}
	for _, l := range []*image.Gray{nil, {}, image.NewGray(image.Rect(0, 0, MostWidth+1, 1)), image.NewGray(image.Rect(0, 0, MostWidth, MostHeight))} {
		if _, err := WriteLine(&b, 1, l, nil); !errors.Is(err, ErrFrame) {
			t.Errorf("a line that does not fit: %v", err)
		}
	}
}

// FuzzReadLine: no bytes make a line that is not what it says, or take more memory than the longest line.
func FuzzReadLine(f *testing.F) {
	f.Add([]byte("\x0c\x00\x00\x00\x01\x00\x00\x00\x02\x00\x02\x00abcd"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, line, memory, err := ReadLine(bytes.NewReader(in), nil)
		if cap(memory) > lineHead+MostPixels {
			t.Errorf("it took %d bytes", cap(memory))
		}
		if err == nil && (!Fits(line) || line.Rect.Dx()*line.Rect.Dy() != len(line.Pix)) {
			t.Errorf("a line of %v with %d pixels", line.Rect, len(line.Pix))
		}
	})
}

// FuzzReadAnswer: no bytes make an answer that is not one plain line.
func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte("\x0b\x00\x00\x00\x01\x00\x00\x00\xe8\x03clean"))
	f.Add([]byte("\x05\x00\x00\x00BYL1\x01"))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := ReadAnswer(bytes.NewReader(in))
		if err == nil && (a.Sure < 0 || a.Sure > 1 || !plain(a.Text)) || err != nil && a != (Answer{}) {
			t.Errorf("an answer %+v, %v", a, err)
		}
		if s, err := ReadGreeting(bytes.NewReader(in)); err == nil && s.String() == "not known" {
			t.Errorf("a state %d", s)
		}
	})
}
