package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"os/exec"
	"strings"
	"unicode"
)

// reader reads what is left in pictures: of each box that it is told, and of the whole page if it can.
type reader interface {
	read(file string, boxes []image.Rectangle, page bool) (words []string, all string, err error)
	close()
}

// program is a reader that answers JSON lines as bench/peers/read.py says.
type program struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
}

// openReader starts a reader. Ocrad, of Debian, is asked as it is.
func openReader(name string, command []string) (reader, error) {
	if name == "ocrad" {
		_, err := exec.LookPath("ocrad")
		return ocrad{}, err
	}
	r := &program{name: name, cmd: exec.CommandContext(context.Background(), command[0], command[1:]...)}
	in, err := r.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.in, r.out = in, bufio.NewScanner(out)
	r.out.Buffer(nil, 16<<20)
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("reader %s: %w", name, err)
	}
	return r, nil
}

// read gives what the reader sees in each box of a picture, and on the page.
func (r *program) read(file string, boxes []image.Rectangle, page bool) (words []string, all string, err error) {
	ask := struct {
		Image string   `json:"image"`
		Boxes [][4]int `json:"boxes"`
		Page  bool     `json:"page"`
	}{file, make([][4]int, len(boxes)), page}
	for i, b := range boxes {
		ask.Boxes[i] = [4]int{b.Min.X, b.Min.Y, b.Max.X, b.Max.Y}
	}
	line, err := json.Marshal(ask)
	if err != nil {
		return nil, "", err
	}
	if _, err := r.in.Write(append(line, '\n')); err != nil {
		return nil, "", fmt.Errorf("reader %s: %w", r.name, err)
	}
	var got struct {
		Words []string `json:"words"`
		Page  string   `json:"page"`
	}
	if !r.out.Scan() {
		return nil, "", fmt.Errorf("reader %s ended", r.name)
	}
	if err := json.Unmarshal(r.out.Bytes(), &got); err != nil || len(got.Words) != len(boxes) {
		return nil, "", fmt.Errorf("reader %s: %d answers to %d boxes, %w", r.name, len(got.Words), len(boxes), err)
	}
	return got.Words, got.Page, nil
}

func (r *program) close() {
	_ = r.in.Close()
	_ = r.cmd.Wait() // how it ends does not matter
}

// alike are characters that readers take for each other.
var alike = strings.NewReplacer("o", "0", "q", "0", "l", "1", "i", "1", "|", "1", "!", "1", "s", "5", "z", "2", "b", "8", "g", "9", " ", "")

// folded is a text as readers see it: of characters that look alike one stands for all.
func folded(s string) string {
	return alike.Replace(strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("|!", c) {
			return ' '
		}
		return unicode.ToLower(c)
	}, s))
}

// tokens are what stands on the mask in place of what it hides, folded: each class with each number. What a token shares with a value is no
// leak: <ID#12> is read as 1d12, which stands in one of a hundred hexadecimal values. Of a value that is shown other parts are read, too.
var tokens = func() string {
	b := strings.Builder{}
	b.WriteByte('\n')
	for class := range strings.FieldsSeq("OPAQUE KEY JWT WALLET IBAN SSN CARD SECRET EMAIL IP PHONE TERM ID ADDRESS PERSON PLACE ORG PEOPLE DATE AGE URL TOKEN NUMBER") {
		for n := range 300 { // a page has fewer of one class
			b.WriteString(folded(fmt.Sprint(class, n)) + "\n")
		}
	}
	return b.String()
}()

// somewhere tells whether a word that was read anywhere on a page holds a part of a value. What the harmless words of the page have, too,
// in their order and with characters that look alike taken for one, is no leak, and neither are characters that all look alike.
func somewhere(page, word string, name bool, harmless string) bool {
	if len([]rune(word)) < 4 {
		return false
	}
	if !name {
		harmless += "\n" + vague(word)
	}
	for _, w := range strings.Fields(page) {
		if kinds := strings.Map(once(), folded(w)); len(kinds) >= 3 && shows(w, word, name, harmless) {
			return true
		}
	}
	return false
}

// vague are the parts of a value that have two kinds of characters at most: "File" that is read with a bar behind it is f11e1, and of jilelilij
// 11e1 is a part.
func vague(word string) string {
	b, r := strings.Builder{}, []rune(folded(word))
	for i := 0; i+4 <= len(r); i++ {
		if p := string(r[i : i+4]); len(strings.Map(once(), p)) < 3 {
			b.WriteString(p + "\n")
		}
	}
	return b.String()
}

// once drops characters that came before.
func once() func(rune) rune {
	seen := map[rune]bool{}
	return func(c rune) rune {
		if seen[c] {
			return -1
		}
		seen[c] = true
		return c
	}
}

// shows tells whether a reading holds four characters in a row of a word, or all of one that is shorter; of a name, one whole token.
// What is in the folded text known is no proof, nor is the I of a token of the one digit 1.
func shows(reading, word string, name bool, known string) bool {
	if reading == "" {
		return false
	}
	if name {
		for _, w := range strings.FieldsFunc(word, func(r rune) bool { return !isWord(r) }) {
			f := folded(w)
			excused := strings.Contains(known, f) && strings.ContainsFunc(f, unicode.IsLetter) // the number of a token excuses no name
			if len([]rune(f)) >= 2 && strings.Contains(folded(reading), f) && !excused {
				return true
			}
		}
		return false
	}
	in, r := folded(reading), []rune(folded(word))
	n := min(4, len(r))
	for i := 0; n > 0 && i+n <= len(r); i++ {
		switch p := string(r[i : i+n]); {
		case n == 4 && strings.Contains(in, p) && !strings.Contains(known, p), n < 4 && p == in && !strings.Contains(known, "\n"+p+"\n") && (n > 1 || strings.Contains(reading, word)):
			return true
		}
	}
	return false
}
