package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// oneFile takes no more than one file: the results of several would run into each other.
func oneFile(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return misuse{fmt.Errorf("redact: one file at a time, and %d are named; run it once for each", len(args))}
	}
	return nil
}

// openText opens what is to be redacted.
func openText(name string) (*os.File, error) {
	if isFolder(name) {
		return nil, fmt.Errorf("redact: %s is a folder; name a file in it", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	return f, nil
}

func isFolder(name string) bool {
	s, err := os.Stat(name)
	return err == nil && s.IsDir()
}

// packed is how files begin in which words lie packed or in pieces, so that a search of their bytes would find nothing and seem to have looked.
var packed = []struct{ begins, what string }{
	{"%PDF", "a PDF"}, {"PK\x03\x04", "a ZIP archive, as documents of office programs are"}, {"\xd0\xcf\x11\xe0", "a document of an older office program"},
	{`{\rtf`, "an RTF document"}, {"\x1f\x8b", "a gzip archive"}, {"BZh", "a bzip2 archive"}, {"\xfd7zXZ", "an xz archive"}, {"7z\xbc\xaf", "a 7z archive"},
	{"\x28\xb5\x2f\xfd", "a zstd archive"}, {"Rar!\x1a", "a RAR archive"}, {"SQLite format 3", "a SQLite database"}, {"\x7fELF", "a program"},
}

// looked is how much of a text is looked at before it is believed to be one.
const looked = 4 << 10

// notText says what a file is that is no text, or nothing. Compressed bytes are signs of control in one of ten places; a text has none but a few.
func notText(head []byte) string {
	for _, p := range packed {
		if bytes.HasPrefix(head, []byte(p.begins)) {
			return p.what
		}
	}
	strange := 0
	for _, c := range head {
		if c < ' ' && !strings.ContainsRune("\x00\a\b\t\n\v\f\r\x1b", rune(c)) || c == 0x7f {
			strange++
		}
	}
	if strange > 2+len(head)/20 {
		return "no text"
	}
	return ""
}

// written tells how a text is written, nil for UTF-8, and refuses what is none. Windows writes many a text as UTF-16, JSON with a mark before it, and older
// programs one byte a letter: in such bytes no name would be found that is not English.
func (o *redaction) written(in *bufio.Reader) (encoding.Encoding, error) {
	head, _ := in.Peek(12)
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), nil
	case everySecondZero(head, 1):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case everySecondZero(head, 0):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	case o.jsonl: // whoever sends a line may wait for its answer before they send more
		if bytes.HasPrefix(head, []byte(utf8Mark)) {
			_, _ = in.Discard(len(utf8Mark)) // it was just seen
		}
		return nil, nil
	}
	head, _ = in.Peek(looked)
	if what := notText(head); what != "" {
		return nil, fmt.Errorf("redact: %s is %s, and only text and PNG can be searched; save its text into a file, or take a picture of it", o.name, what)
	}
	if oneByteLetters(head) {
		return charmap.ISO8859_1, nil
	}
	return nil, nil
}

// utf8Mark is what some programs write before UTF-8.
const utf8Mark = "\xef\xbb\xbf"

// oneByteLetters tells of a text with letters beyond ASCII of which none is written as UTF-8 does.
func oneByteLetters(head []byte) bool {
	found, end := false, len(head)
	if end == looked {
		end -= utf8.UTFMax // the last letter may be cut off
	}
	for i := 0; i < end; {
		r, n := utf8.DecodeRune(head[i:])
		switch {
		case n > 1:
			return false
		case r == utf8.RuneError:
			found = true
		}
		i += n
	}
	return found
}

// everySecondZero tells of UTF-16 without a mark: signs of European scripts, with their zeros at the odd places or at the even ones.
func everySecondZero(head []byte, at int) bool {
	for i, c := range head {
		if (c == 0) != (i%2 == at) {
			return false
		}
	}
	return len(head) >= 8
}

// place is what is wrong with the file for the result, before anything is read.
func (o *redaction) place() error {
	switch {
	case isFolder(o.file):
		return misuse{fmt.Errorf("redact: %s is a folder; name a file in it", o.file)}
	case same(o.in, o.file):
		return misuse{fmt.Errorf("redact: %s is what is read; name another file for the result", o.file)}
	}
	return nil
}
