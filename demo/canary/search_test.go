package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

func maker() *Maker { return NewMaker(7) }

func TestEveryFormIsFoundInNoise(t *testing.T) {
	c := maker().Word("w", "a test")
	utf := func(big bool) []byte {
		var out []byte
		for _, u := range utf16.Encode([]rune(c.Text)) {
			if big {
				out = append(out, byte(u>>8), byte(u))
			} else {
				out = append(out, byte(u), byte(u>>8))
			}
		}
		return out
	}
	wide := []byte{}
	for _, r := range c.Text {
		wide = append(wide, byte(r), 1, 2, 3, 4, 5, 6)
	}
	for name, data := range map[string][]byte{
		"plain": []byte(c.Text), "upper": []byte(strings.ToUpper(c.Text)), "half": []byte(c.Text[:8]),
		"UTF-16LE": utf(false), "UTF-16BE": utf(true),
		"hex": []byte(hex.EncodeToString([]byte(c.Text))), "HEX": []byte(strings.ToUpper(hex.EncodeToString([]byte(c.Text)))),
		"base64 0":       []byte(base64.StdEncoding.EncodeToString([]byte(c.Text + "zz"))),
		"base64 1":       []byte(base64.StdEncoding.EncodeToString([]byte("x" + c.Text + "zz"))),
		"base64 2":       []byte(base64.URLEncoding.EncodeToString([]byte("xx" + c.Text + "zz"))),
		"base64 UTF-16":  []byte(base64.StdEncoding.EncodeToString(append([]byte("x"), utf(false)...))),
		"quotes, commas": []byte(`["` + strings.Join(strings.Split(c.Text, ""), `","`) + `"]`),
		"lines":          []byte(strings.Join(strings.Split(c.Text, ""), "\n")),
		"JSON lines":     []byte(`{"key":"` + strings.Join(strings.Split(c.Text, ""), "\"}\n{\"key\":\"") + `"}`),
		"equal records":  wide,
		"zstd":           zipped(t, []byte("before "+c.Text+" after")),
	} {
		s := NewSearch([]Canary{c})
		if name != "zstd" {
			data = append(append(bytes.Repeat([]byte("noise. "), 99), data...), bytes.Repeat([]byte{0, 7, 200}, 99)...)
		}
		s.Bytes("here", data)
		if len(s.Found()) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}

func zipped(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(b, nil)
}

func TestAnotherSeedsCanariesAreNotFound(t *testing.T) {
	there, other := NewMaker(1), NewMaker(2)
	s := NewSearch([]Canary{other.Word("w", ""), other.SSN(), other.Card(), other.Email(), other.AWSKey()})
	for range 200 {
		for _, c := range []Canary{there.Word("w", ""), there.SSN(), there.Card(), there.Email(), there.AWSKey()} {
			s.Bytes("here", []byte("text "+c.Text+" text"))
			s.Text("a picture", c.Text)
		}
	}
	if f := s.Found(); len(f) > 0 {
		t.Errorf("found what was never there: %v", f)
	}
}

func TestSecretsAreWhatTheySayAndFoundWithoutTheirDashes(t *testing.T) {
	m := maker()
	for range 500 {
		n := strings.ReplaceAll(m.Card().Text, " ", "")
		if got := luhn(n[:15]); len(n) != 16 || int(n[15]-'0') != got {
			t.Fatalf("card %s has the wrong check digit", n)
		}
		if ssn := m.SSN().Text; len(ssn) != 11 || ssn[0] == '9' || strings.HasPrefix(ssn, "666") || strings.HasPrefix(ssn, "000") {
			t.Fatalf("%s is no social security number", ssn)
		}
	}
	c := m.Card()
	s := NewSearch([]Canary{c})
	s.Bytes("here", []byte("n="+strings.ReplaceAll(c.Text, " ", "")))
	if len(s.Found()) == 0 {
		t.Error("a card number without its blanks is not found")
	}
}

func TestStripesAndTextAreFoundInAPicture(t *testing.T) {
	shown := maker().Shown("shown", "a test")
	img, err := paint(shown)
	if err != nil {
		t.Fatal(err)
	}
	inside := image.NewRGBA(image.Rect(0, 0, 900, 500))
	draw.Draw(inside, inside.Bounds(), image.NewUniform(color.RGBA{0x2f, 0x5d, 0x7c, 255}), image.Point{}, draw.Src)
	draw.Draw(inside, img.Bounds().Add(image.Pt(100, 100)), img, image.Point{}, draw.Src)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "frame.png"), inside)
	s := NewSearch([]Canary{shown})
	if err := s.Tree("frames", dir); err != nil {
		t.Fatal(err)
	}
	ways := map[string]bool{}
	for _, f := range s.Found() {
		ways[f.Form] = true
	}
	if !ways["its colours"] || !ways["read in a picture"] {
		t.Errorf("found %v, want its colours and its text", s.Found())
	}
	plain := image.NewRGBA(image.Rect(0, 0, 300, 200))
	clean := NewSearch([]Canary{shown})
	write(t, filepath.Join(dir, "frame.png"), plain)
	if err := clean.Tree("frames", dir); err != nil {
		t.Fatal(err)
	}
	if len(clean.Found()) > 0 {
		t.Errorf("found in an empty picture: %v", clean.Found())
	}
}

func write(t *testing.T, path string, img image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheProxyKeepsBothDirections(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	served := make(chan error, 1)
	go func() {
		c, err := ln.Accept()
		if err == nil {
			_, err = io.Copy(c, io.LimitReader(c, 5))
			c.Close()
		}
		served <- err
	}()
	dir := t.TempDir()
	p, err := NewProxy(ln.Addr().String(), dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); err != nil || string(b) != "hello" {
		t.Fatalf("echo: %q, %v", b, err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"001-sent", "001-received"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "hello" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}
