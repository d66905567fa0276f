//go:build amd64 || arm64

package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/byleave/byleave/agent/internal/capture/ocr/talk"
	"github.com/ebitengine/purego"
)

// library is the newest one that this program knows.
const library = "libtesseract.so.5"

// folders are where systems keep Tesseract's data.
var folders = []string{"/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata", "/usr/share/tesseract/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata"}

// Numbers of Tesseract's C interface (tesseract/capi.h).
const (
	lstmOnly   = 1
	singleLine = 7
	word       = 3
)

// engine is Tesseract, ready to read.
type engine struct {
	handle uintptr

	setImage      func(handle uintptr, pixels unsafe.Pointer, width, height, perPixel, perRow int32)
	setResolution func(handle uintptr, perInch int32)
	recognize     func(handle, monitor uintptr) int32
	iterator      func(handle uintptr) uintptr
	clear         func(handle uintptr)

	next       func(words uintptr, level int32) int32
	text       func(words uintptr, level int32) unsafe.Pointer
	confidence func(words uintptr, level int32) float32
	places     func(words uintptr) uintptr
	box        func(places uintptr, level int32, left, top, right, bottom *int32) int32
	forget     func(words uintptr)
	forgetText func(text unsafe.Pointer)
}

// load finds the library and its data and makes them ready.
func load() (*engine, talk.State) {
	lib, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, talk.NoLibrary
	}
	e := &engine{}
	var create func() uintptr
	var initialise func(handle uintptr, folder, language string, mode int32) int32
	var set func(handle uintptr, name, value string) int32
	var segment func(handle uintptr, mode int32)
	for name, fn := range map[string]any{
		"TessBaseAPICreate": &create, "TessBaseAPIInit2": &initialise, "TessBaseAPISetVariable": &set, "TessBaseAPISetPageSegMode": &segment,
		"TessBaseAPISetImage": &e.setImage, "TessBaseAPISetSourceResolution": &e.setResolution, "TessBaseAPIRecognize": &e.recognize,
		"TessBaseAPIGetIterator": &e.iterator, "TessBaseAPIClear": &e.clear, "TessResultIteratorNext": &e.next,
		"TessResultIteratorGetUTF8Text": &e.text, "TessResultIteratorConfidence": &e.confidence, "TessResultIteratorDelete": &e.forget,
		"TessResultIteratorGetPageIterator": &e.places, "TessPageIteratorBoundingBox": &e.box, "TessDeleteText": &e.forgetText,
	} {
		at, err := purego.Dlsym(lib, name)
		if err != nil {
			return nil, talk.NoLibrary
		}
		purego.RegisterFunc(fn, at)
	}
	folder := data()
	e.handle = create()
	if folder == "" || e.handle == 0 || initialise(e.handle, folder, "eng", lstmOnly) != 0 {
		return nil, talk.NoLanguage
	}
	for name, value := range map[string]string{"debug_file": os.DevNull, "thresholding_method": "1", "tessedit_do_invert": "0"} {
		set(e.handle, name, value) // a name that a version does not know changes nothing
	}
	segment(e.handle, singleLine)
	e.read(sample()) // whatever it opens or loads late, it opens now
	return e, talk.Ready
}

// data is the folder with the data for English, "" if there is none.
func data() string {
	for _, f := range folders {
		if info, err := os.Stat(filepath.Join(f, "eng.traineddata")); err == nil && info.Mode().IsRegular() {
			return f
		}
	}
	return ""
}

// read reads a line, a second time in another size if it is not sure of it.
func (e *engine) read(line *image.Gray) (string, float64) {
	text, sure := e.at(line, tallest)
	if sure < doubt {
		if text, sure := e.at(line, again); sure >= doubt {
			return text, sure
		}
	}
	return text, sure
}

// doubt is how sure the agent wants a line to be.
const doubt = .8

// at reads a line in one size.
func (e *engine) at(line *image.Gray, high int) (string, float64) {
	page, ok := tidy(line, high)
	if !ok {
		return "", 0
	}
	defer clear(page.Pix)
	size := page.Rect.Size()
	e.setImage(e.handle, unsafe.Pointer(&page.Pix[0]), int32(size.X), int32(size.Y), 1, int32(page.Stride))
	e.setResolution(e.handle, 150)
	defer e.clear(e.handle)
	if e.recognize(e.handle, 0) != 0 {
		return "", 0
	}
	return join(e.words(), page)
}

// words are what was read, from left to right.
func (e *engine) words() []found {
	it := e.iterator(e.handle)
	if it == 0 {
		return nil
	}
	defer e.forget(it)
	var all []found
	for {
		if p := e.text(it, word); p != nil {
			w := found{text: strings.Clone(text(p)), sure: float64(e.confidence(it, word)) / 100}
			e.forgetText(p)
			var l, t, r, b int32
			if e.box(e.places(it), word, &l, &t, &r, &b) != 0 {
				w.left, w.right = int(l), int(r)
			}
			all = append(all, w)
		}
		if e.next(it, word) == 0 {
			return all
		}
	}
}

// text is a string of C, at most as long as an answer may be.
func text(p unsafe.Pointer) string {
	n := 0
	for n < talk.MostText && *(*byte)(unsafe.Add(p, n)) != 0 {
		n++
	}
	return unsafe.String((*byte)(p), n)
}
