package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/ocr"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

const (
	cleanLine  = "Please read the report before the meeting on the first floor."
	secretLine = "Pay 4539 1488 0343 6467 to Xavier Quill now"
)

// letter draws a clean line at the top and a secret one below.
func letter(t *testing.T, ink, ground color.Color) *image.NRGBA {
	t.Helper()
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 16, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewNRGBA(image.Rect(0, 0, 600, 120))
	draw.Draw(img, img.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	for i, text := range []string{cleanLine, secretLine} {
		d := font.Drawer{Dst: img, Src: image.NewUniform(ink), Face: face, Dot: fixed.P(20, 30+60*i)}
		d.DrawString(text)
	}
	return img
}

func written(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ink counts pixels that differ from the one right of them, in the upper and the lower half.
func ink(t *testing.T, file []byte) (upper, lower int) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("the result is no PNG: %v", err)
	}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() - 1 {
			if img.At(x, y) != img.At(x+1, y) {
				if y < img.Bounds().Dy()/2 {
					upper++
				} else {
					lower++
				}
			}
		}
	}
	return upper, lower
}

// chunk is a piece of a PNG.
func chunk(name string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// header begins a PNG that says it is so large.
func header(w, h uint32, depth, kind, interlaced byte) []byte {
	d := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return append([]byte(pngBegins), chunk("IHDR", append(d, depth, kind, 0, 0, interlaced))...)
}

func squeezed(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

// interlaced writes a grey picture in seven passes, which Go's own encoder does not.
func interlaced(img image.Image) []byte {
	var data []byte
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	for _, p := range [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		for y := p[1]; y < h; y += p[3] {
			data = append(data, 0)
			for x := p[0]; x < w; x += p[2] {
				data = append(data, color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
			}
		}
	}
	out := append(header(uint32(w), uint32(h), 8, 0, 1), chunk("IDAT", squeezed(data))...)
	return append(out, chunk("IEND", nil)...)
}

// TestRedactPicture: every kind of PNG comes back without its text.
func TestRedactPicture(t *testing.T) {
	black := letter(t, color.Black, color.White)
	grey := image.NewGray16(black.Rect)
	draw.Draw(grey, grey.Rect, black, image.Point{}, draw.Src)
	deep := image.NewNRGBA64(black.Rect)
	draw.Draw(deep, deep.Rect, letter(t, color.Gray{200}, color.Gray{220}), image.Point{}, draw.Src)
	few := image.NewPaletted(black.Rect, color.Palette{color.White, color.Black, color.Gray{128}, color.Gray{60}})
	draw.Draw(few, few.Rect, black, image.Point{}, draw.Src)
	for name, in := range map[string][]byte{
		"colour": written(t, black), "16 bits": written(t, deep), "16 bits grey": written(t, grey), "palette": written(t, few),
		"text on glass":        written(t, letter(t, color.Black, color.Transparent)),
		"half transparent":     written(t, letter(t, color.NRGBA{0, 0, 0, 90}, color.NRGBA{0, 0, 0, 30})),
		"the same in 7 passes": interlaced(black),
	} {
		if upper, lower := ink(t, in); upper < 200 || lower < 200 {
			t.Fatalf("%s: the test draws nothing", name)
		}
		out, words, err := redacts(t, string(in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if upper, lower := ink(t, []byte(out)); upper+lower > 0 {
			t.Errorf("%s: %d pixels of text are left", name, upper+lower)
		}
		if !strings.HasPrefix(words, "Masked all text in a picture of 600x120 pixels.\n") {
			t.Errorf("%s: it says %q", name, words)
		}
	}
}

// TestRedactPictureSaysNothingElse: what a PNG says beside its pixels does not come back.
func TestRedactPictureSaysNothingElse(t *testing.T) {
	in := written(t, letter(t, color.Black, color.White))
	said := bytes.Clone(in[:33]) // signature and IHDR
	for _, c := range [][]byte{chunk("tEXt", []byte("Author\x00hunter2")), chunk("zTXt", append([]byte("Comment\x00\x00"), squeezed([]byte("hunter2"))...)),
		chunk("iTXt", []byte("Title\x00\x00\x00\x00\x00hunter2")), chunk("eXIf", []byte("MM\x00*hunter2")), chunk("tIME", []byte{7, 210, 1, 1, 1, 1, 1}),
		chunk("iCCP", append([]byte("hunter2\x00\x00"), squeezed([]byte("profile"))...)), chunk("prVt", []byte("hunter2"))} {
		said = append(said, c...)
	}
	said = append(append(said, in[33:]...), "hunter2 behind the end"...)
	out, _, err := redacts(t, string(said))
	if err != nil {
		t.Fatal(err)
	}
	for rest := []byte(out)[8:]; len(rest) > 0; {
		n, name := binary.BigEndian.Uint32(rest), string(rest[4:8])
		if !strings.Contains("IHDR PLTE tRNS IDAT IEND", name) {
			t.Errorf("the result has a chunk %s", name)
		}
		rest = rest[n+12:]
	}
	if strings.Contains(out, "hunter2") {
		t.Error("what was said came back")
	}
}

// TestRedactPictureBombs: what is no whole picture of a sane size is refused in a sentence, before it costs memory, and nothing is left.
func TestRedactPictureBombs(t *testing.T) {
	good := written(t, letter(t, color.Black, color.White))
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 0x55
	bomb := append(header(20000, 20000, 8, 6, 0), chunk("IDAT", squeezed(make([]byte, 32<<20)))...)
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"100,000 x 100,000":   {header(100000, 100000, 8, 2, 0), "cut it into parts"},
		"over 2^31":           {header(0xffffffff, 0xffffffff, 8, 2, 0), "is damaged"},
		"one pixel too many":  {header(mostPixels+1, 1, 8, 0, 0), "cut it into parts"},
		"no pixels":           {header(0, 10, 8, 0, 0), "is damaged"},
		"zeros without end":   {bomb, "cut it into parts"},
		"only its signature":  {[]byte(pngBegins), "is damaged"},
		"cut off":             {good[:len(good)/2], "is damaged"},
		"cut off in the head": {good[:20], "is damaged"},
		"a bit flipped":       {flipped, "is damaged"},
		"a chunk of 4 GB":     {append(bytes.Clone(good[:33]), "\xff\xff\xff\xffIDAT"...), "is damaged"},
		"no palette":          {append(header(8, 8, 8, 3, 0), chunk("IDAT", squeezed(make([]byte, 72)))...), "is damaged"},
		"a JPEG":              {[]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01"), "convert it to PNG"},
		"a BMP":               {[]byte("BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00"), "convert it to PNG"},
		"a WebP":              {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "convert it to PNG"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			from, to := filepath.Join(dir, "in.png"), filepath.Join(dir, "out.png")
			if err := os.WriteFile(from, c.in, 0o600); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			out, _, err := redacts(t, "", from, "-o", to)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), from) || out != "" {
				t.Errorf("%v; it must name the file and say %q", err, c.want)
			}
			if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 64 {
				t.Errorf("it took %d MiB", n)
			}
			if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
				t.Errorf("it left %v, %v", files, err)
			}
		})
	}
	for _, text := range []string{"BMW builds cars", "RIFF raff", "II and MM"} {
		if out, _, err := redacts(t, text); err != nil || out != text {
			t.Errorf("%q, which is text, became %q, %v", text, out, err)
		}
	}
}

// TestRedactPictureFiles: the result is written whole or not at all, and never over what is read.
func TestRedactPictureFiles(t *testing.T) {
	dir := t.TempDir()
	from, to, report := filepath.Join(dir, "in.png"), filepath.Join(dir, "out.png"), filepath.Join(dir, "report.json")
	in := written(t, letter(t, color.Black, color.White))
	if err := os.WriteFile(from, in, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.png")
	if err := os.Symlink(from, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{from, link, filepath.Join(dir, ".", "in.png")} {
		if _, _, err := redacts(t, "", from, "-o", name); !isMisuse(err) || !strings.Contains(err.Error(), "name another file") {
			t.Errorf("-o %s: %v", name, err)
		}
	}
	if b, err := os.ReadFile(from); err != nil || !bytes.Equal(b, in) {
		t.Error("what was read was changed")
	}
	if _, _, err := redacts(t, "", from, "-o", filepath.Join(dir, "absent", "out.png")); err == nil {
		t.Error("a folder that is not there was written to")
	}
	for args, want := range map[string]string{"--jsonl": "is a picture", "--reveal": "is text"} {
		body := in
		if args == "--reveal" {
			body = []byte("text")
		}
		if out, _, err := redacts(t, string(body), args); !isMisuse(err) || !strings.Contains(err.Error(), want) || out != "" {
			t.Errorf("%s: %v", args, err)
		}
	}
	if out, _, err := redacts(t, "", from, "-o", to, "--report", report); err != nil || out != "" {
		t.Fatalf("%v, %d bytes on standard output", err, len(out))
	}
	out, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	var r redactReport
	b, err := os.ReadFile(report)
	if err != nil || json.Unmarshal(b, &r) != nil || r.Picture == nil || r.Picture.Width != 600 || r.Picture.Height != 120 ||
		r.BytesIn != int64(len(in)) || r.BytesOut != int64(len(out)) || r.Picture.Reading != "not asked for" {
		t.Errorf("the report is %s, %v", b, err)
	}
	if err := os.WriteFile(from, []byte("jane@example.com"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := redacts(t, "", from, "-o", to); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(to); err != nil || string(b) != "<EMAIL#1>" {
		t.Errorf("a text became %q, %v", b, err)
	}
}

// TestRedactReveal: without byleave-ocr all stays masked, and the person is told why; with it the clean line is shown again, and
// of the other nothing.
func TestRedactReveal(t *testing.T) {
	in := string(written(t, letter(t, color.White, color.NRGBA{30, 60, 90, 255})))
	out, words, err := redacts(t, in, "--reveal")
	if err != nil {
		t.Fatal(err)
	}
	if upper, lower := ink(t, []byte(out)); upper+lower > 0 || !strings.Contains(words, "there is no byleave-ocr") {
		t.Errorf("%d pixels of text are left; it says %q", upper+lower, words)
	}
	build := exec.Command("go", "build", "-o", ocr.Beside(), "./ocr")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if b, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	defer os.Remove(ocr.Beside())
	if err := os.Chmod(ocr.Beside(), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, words, err = redacts(t, in, "--reveal"); err != nil {
		t.Fatal(err)
	}
	upper, lower := ink(t, []byte(out))
	if upper < 200 || lower > 0 || !strings.Contains(words, "shown again: 1,") {
		t.Errorf("%d pixels of the clean line, %d of the other; it says %q", upper, lower, words)
	}
}
