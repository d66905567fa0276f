package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/byleave/byleave/bench/redaction/page"
)

// lineRead is a line as Tesseract found it: its words with one space between them.
type lineRead struct {
	text  string
	words []wordRead
}

type wordRead struct {
	start, end int // in code points of the line
	box        image.Rectangle
}

// anchorPage covers what Tesseract finds by its defaults and our engine finds in that, as published tools do. It gives the boxes of all words
// that Tesseract found, and what of the processor that took.
func (p *pixels) anchorPage(s page.Shot) (seen []image.Rectangle, cpu time.Duration, err error) {
	cmd := exec.CommandContext(context.Background(), "tesseract", p.in, "-", "tsv")
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	out, err := cmd.Output()
	if err != nil {
		return nil, 0, fmt.Errorf("tesseract: %w", err)
	}
	cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	lines := linesRead(string(out))
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.text
	}
	img := image.NewRGBA(s.Image.Bounds())
	draw.Draw(img, img.Rect, s.Image, image.Point{}, draw.Src)
	if len(texts) > 0 {
		answers, _, err := engine{name: "byleave", command: []string{p.byleave, "redact", "--jsonl"}}.run(texts)
		if err != nil {
			return nil, 0, err
		}
		for i, l := range lines {
			for _, w := range l.words {
				seen = append(seen, w.box)
				for _, f := range answers[i].Spans {
					if f.Start < w.end && f.End > w.start {
						draw.Draw(img, w.box, image.NewUniform(color.Black), image.Point{}, draw.Src)
					}
				}
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, 0, err
	}
	return seen, cpu, os.WriteFile(p.anchored, b.Bytes(), 0o600)
}

// linesRead takes Tesseract's table: a row for each word, with block, paragraph, line and place.
func linesRead(tsv string) (lines []lineRead) {
	before := ""
	for row := range strings.Lines(tsv) {
		f := strings.Split(strings.TrimRight(row, "\r\n"), "\t")
		if len(f) != 12 || f[0] != "5" || strings.TrimSpace(f[11]) == "" {
			continue
		}
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(f[6+i]) // Tesseract writes numbers there
		}
		if at := strings.Join(f[1:5], " "); at != before {
			before, lines = at, append(lines, lineRead{})
		}
		l := &lines[len(lines)-1]
		if l.text != "" {
			l.text += " "
		}
		start := utf8.RuneCountInString(l.text)
		l.text += f[11]
		l.words = append(l.words, wordRead{start, utf8.RuneCountInString(l.text), image.Rect(n[0], n[1], n[0]+n[2], n[1]+n[3])})
	}
	return lines
}
