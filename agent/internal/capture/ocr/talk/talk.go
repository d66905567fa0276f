package talk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"unicode"
	"unicode/utf8"
)

// Limits of a line and of what may be read in it.
const (
	MostWidth  = 8192
	MostHeight = 256
	MostPixels = 1 << 20
	MostText   = 2048
)

const (
	lineHead   = 4 + 2 + 2
	answerHead = 4 + 2
	magic      = "BYL1"
	certain    = 1000
)

// ErrFrame is a frame that is not what it should be. Whoever sent it is not to be talked to any more.
var ErrFrame = errors.New("a frame that is not one")

var le = binary.LittleEndian

// State is how the process stands when it greets.
type State uint8

// The states.
const (
	Ready      State = iota + 1
	NoLibrary        // Tesseract's library is not there, or not one that is known
	NoLanguage       // its data for English are not there
	NoSandbox        // the kernel does not confine the process
	NoSystem         // nothing is built for this system
)

// String says it in words that a person can act upon.
func (s State) String() string {
	switch s {
	case Ready:
		return "ready"
	case NoLibrary:
		return "libtesseract.so.5 is missing; install tesseract-ocr"
	case NoLanguage:
		return "the English data of Tesseract are missing; install tesseract-ocr-eng"
	case NoSandbox:
		return "the kernel cannot confine it (it needs seccomp and Landlock or no new privileges)"
	case NoSystem:
		return "it is not built for this system"
	}
	return "not known"
}

// WriteGreeting says how the process stands.
func WriteGreeting(w io.Writer, s State) error {
	return write(w, append([]byte(magic), byte(s)))
}

// ReadGreeting takes a greeting.
func ReadGreeting(r io.Reader) (State, error) {
	b, err := read(r, len(magic)+1, nil)
	if err != nil {
		return 0, err
	}
	if len(b) != len(magic)+1 || string(b[:len(magic)]) != magic || b[len(magic)] < byte(Ready) || b[len(magic)] > byte(NoSystem) {
		return 0, ErrFrame
	}
	return State(b[len(magic)]), nil
}

// Fits tells whether a line is within the limits and is what it says.
func Fits(line *image.Gray) bool {
	if line == nil {
		return false
	}
	w, h := line.Rect.Dx(), line.Rect.Dy()
	return w > 0 && h > 0 && w <= MostWidth && h <= MostHeight && w*h <= MostPixels && line.Stride >= w && len(line.Pix) >= line.Stride*(h-1)+w
}

// WriteLine sends a line under a number. It makes the frame in buf's memory if that is enough, and gives that memory back.
func WriteLine(w io.Writer, number uint32, line *image.Gray, buf []byte) ([]byte, error) {
	if !Fits(line) {
		return buf, ErrFrame
	}
	wide, high := line.Rect.Dx(), line.Rect.Dy()
	buf = le.AppendUint32(buf[:0], uint32(lineHead+wide*high))
	buf = le.AppendUint32(buf, number)
	buf = le.AppendUint16(buf, uint16(wide))
	buf = le.AppendUint16(buf, uint16(high))
	for y := range high {
		buf = append(buf, line.Pix[y*line.Stride:][:wide]...)
	}
	_, err := w.Write(buf)
	return buf, err
}

// ReadLine takes a line. The picture lies in buf's memory if that is enough; that memory is given back.
func ReadLine(r io.Reader, buf []byte) (number uint32, line *image.Gray, memory []byte, err error) {
	b, err := read(r, lineHead+MostPixels, buf)
	if err != nil {
		return 0, nil, b, err
	}
	if len(b) < lineHead {
		return 0, nil, b, ErrFrame
	}
	w, h := int(le.Uint16(b[4:])), int(le.Uint16(b[6:]))
	line = &image.Gray{Pix: b[lineHead:], Stride: w, Rect: image.Rect(0, 0, w, h)}
	if !Fits(line) || w*h != len(b)-lineHead {
		return 0, nil, b, ErrFrame
	}
	return le.Uint32(b), line, b, nil
}

// Answer is what was read in a line.
type Answer struct {
	Number uint32
	Text   string
	Sure   float64 // 0 to 1
}

// WriteAnswer sends an answer. A text that is too long or not plain is sent as nothing read.
func WriteAnswer(w io.Writer, a Answer) error {
	if !plain(a.Text) {
		a.Text, a.Sure = "", 0
	}
	b := le.AppendUint32(nil, a.Number)
	b = le.AppendUint16(b, uint16(certain*min(max(a.Sure, 0), 1)))
	return write(w, append(b, a.Text...))
}

// ReadAnswer takes an answer.
func ReadAnswer(r io.Reader) (Answer, error) {
	b, err := read(r, answerHead+MostText, nil)
	if err != nil {
		return Answer{}, err
	}
	if len(b) < answerHead {
		return Answer{}, ErrFrame
	}
	a := Answer{Number: le.Uint32(b), Sure: float64(le.Uint16(b[4:])) / certain, Text: string(b[answerHead:])}
	if a.Sure > 1 || !plain(a.Text) {
		return Answer{}, ErrFrame
	}
	return a, nil
}

// plain tells whether a text is one short line of whole characters.
func plain(s string) bool {
	if len(s) > MostText || !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if unicode.IsControl(c) || c == 0x2028 || c == 0x2029 {
			return false
		}
	}
	return true
}

func write(w io.Writer, body []byte) error {
	_, err := w.Write(append(le.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

// read takes a frame of at most so many bytes, into buf's memory if that is enough.
func read(r io.Reader, most int, buf []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return buf, err
	}
	n := le.Uint32(head[:])
	if n == 0 || n > uint32(most) {
		return buf, ErrFrame
	}
	if uint32(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf, fmt.Errorf("a frame ends early: %w", err)
	}
	return buf, nil
}
