package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/ask"
	"github.com/spf13/cobra"
)

// redactLong says what the command promises.
const redactLong = `Redact replaces what tells of a person, and every secret, by a token of its class: <EMAIL#1>. It is the engine that the agent
uses before anything leaves memory, with the built-in rules, so that anyone can test it on their own data.

Without a file it reads standard input. Plain text is searched in blocks of lines; UTF-16 and texts of one byte a letter come back as they
were written. What is no text (a PDF, a document of an office program, an archive) is refused: its words lie packed in it.

With --jsonl each line is a JSON object with a field "text"; it is written back in the same order with "text" redacted and "spans" added: class, start and end, counted in
Unicode code points of the text before (as Python counts). Other fields are written back as they are. A text over 1 MiB is
redacted whole.

A picture (PNG) comes back as a PNG in which all text is masked, as in a frame. With --reveal, lines that byleave-ocr can read and
that the engine finds nothing in are shown again. What else the file said (comments, position, colour profile) is dropped.`

func redactCommand() *cobra.Command {
	var o redaction
	cmd := &cobra.Command{
		Use:   "redact [FILE]",
		Short: "Redact a file or standard input with the agent's own engine",
		Long:  redactLong,
		Example: "  byleave redact letter.txt > letter-redacted.txt\n" +
			"  byleave redact --jsonl --report report.json < texts.jsonl > redacted.jsonl\n" +
			"  byleave redact --reveal screen.png -o masked.png",
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.in, o.out, o.words, o.name = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), "standard input"
			if i, ok := o.in.(*ask.Input); ok {
				o.in = i.File()
			}
			if len(args) == 1 && args[0] != "-" {
				f, err := openText(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				o.in, o.name = f, args[0]
			}
			if o.file == "" {
				return o.until(cmd.Context())
			}
			return o.toFile(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&o.jsonl, "jsonl", false, `read JSON lines with a field "text"`)
	cmd.Flags().StringVarP(&o.file, "out", "o", "", "write to this file instead of standard output")
	cmd.Flags().BoolVar(&o.reveal, "reveal", false, "show harmless lines of a picture again, if byleave-ocr lies beside this program")
	cmd.Flags().DurationVar(&o.within, "within", 0, "read lines for no longer than this; what was not read stays masked")
	cmd.Flags().StringVar(&o.report, "report", "", "write counts as JSON to this file")
	return cmd
}

// redaction is one run of the command.
type redaction struct {
	in     io.Reader
	name   string // of in, for errors
	out    io.Writer
	words  io.Writer // for a person
	file   string    // instead of out
	jsonl  bool
	reveal bool
	within time.Duration // of reading, 0 for as long as it takes
	report string

	redactor *redact.Redactor
	net      []byte // memory of redact
	sum      redactReport
}

// redactReport counts what was done. It holds no content.
type redactReport struct {
	Version  string         `json:"version"`
	Texts    int            `json:"texts"`
	BytesIn  int64          `json:"bytes_in"`
	BytesOut int64          `json:"bytes_out"`
	Spans    map[string]int `json:"spans"`
	Picture  *pictureReport `json:"picture,omitempty"`
}

// toFile writes to a file of that name only when all went well, and never over what is read.
func (o *redaction) toFile(ctx context.Context) (err error) {
	if err := o.place(); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(o.file), ".byleave-redact-*")
	if err != nil {
		return fmt.Errorf("redact: write: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // it holds nothing that anybody needs
		}
	}()
	o.out = f
	if err := errors.Join(o.until(ctx), f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), o.file); err != nil {
		return fmt.Errorf("redact: write: %w", err)
	}
	return nil
}

// same tells whether in is the file of that name.
func same(in io.Reader, name string) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(name)
	return err == nil && os.SameFile(a, b)
}

// until is run for as long as ctx lasts; then what it reads is left behind. A goroutine for each read would take a twentieth of the speed.
func (o *redaction) until(ctx context.Context) error {
	_, err := ask.Within(ctx, func() (struct{}, error) { return struct{}{}, o.run(ctx) })
	if ctx.Err() != nil {
		return fmt.Errorf("redact: %w", context.Cause(ctx))
	}
	return err
}

func (o *redaction) run(ctx context.Context) error {
	debug.SetGCPercent(400) // little is held, and much is made
	r, err := redact.New(redact.Options{})
	if err != nil {
		return err
	}
	o.redactor, o.sum = r, redactReport{Version: r.Version()}
	in := bufio.NewReaderSize(o.in, 64<<10)
	switch head, _ := in.Peek(12); {
	case bytes.HasPrefix(head, []byte(pngBegins)):
		return errors.Join(o.picture(ctx, in), o.tell())
	case isPicture(head):
		return fmt.Errorf("redact: %s is a picture, but no PNG; convert it to PNG first", o.name)
	case o.reveal:
		return misuse{fmt.Errorf("redact: --reveal is for pictures, and %s is text", o.name)}
	}
	if err = o.texts(in); err != nil && o.sum.Texts == 0 {
		return err
	}
	return errors.Join(err, o.tell())
}

// texts redacts what is no picture, and writes it back as it was written.
func (o *redaction) texts(in *bufio.Reader) error {
	as, err := o.written(in)
	if err != nil {
		return err
	}
	to := o.out
	if as != nil {
		in = bufio.NewReaderSize(as.NewDecoder().Reader(in), 64<<10)
		to = as.NewEncoder().Writer(to)
	}
	out := bufio.NewWriterSize(to, 64<<10)
	if o.jsonl {
		err = o.lines(in, out)
	} else {
		err = o.blocks(in, out)
	}
	return errors.Join(err, out.Flush())
}

// redact gives a text redacted, and counts. What it gives is valid until the next call.
func (o *redaction) redact(text []byte) []byte {
	o.net = o.redactor.AppendNet(o.net[:0], text)
	o.count(text)
	return o.net
}

// count counts a text that was redacted.
func (o *redaction) count(text []byte) {
	o.sum.Texts++
	o.sum.BytesIn += int64(len(text))
	o.sum.BytesOut += int64(len(o.net))
}

// tell writes the report and says it in words.
func (o *redaction) tell() error {
	o.sum.Spans = o.redactor.Counts()
	if o.sum.Picture != nil {
		o.sum.Picture.tell(o.words)
	} else {
		o.tellText()
	}
	fmt.Fprintf(o.words, "\nRules: %s\n", o.sum.Version)
	if o.report == "" {
		return nil
	}
	b, err := json.MarshalIndent(o.sum, "", "  ")
	if err != nil {
		return fmt.Errorf("redact: report: %w", err)
	}
	if err := os.WriteFile(o.report, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("redact: report: %w", err)
	}
	return nil
}

func (o *redaction) tellText() {
	classes, n := []string{}, 0
	for c, k := range o.sum.Spans {
		classes, n = append(classes, fmt.Sprintf("%d %s", k, c)), n+k
	}
	slices.Sort(classes)
	fmt.Fprintf(o.words, "Redacted %s in %s of text.", policy.Count(n, "value"), policy.Count(o.sum.BytesIn, "byte"))
	if n > 0 {
		fmt.Fprintf(o.words, " Classes: %s.", strings.Join(classes, ", "))
	}
}

// Limits of what is held at once.
const (
	blockSize   = 16 << 10
	longestText = 1 << 20  // beyond it the engine redacts the whole value
	longestLine = 64 << 20 // of JSON
)

// blocks redacts plain text, a block of lines at a time. A block ends at an empty line where it can, never inside a private key.
func (o *redaction) blocks(in *bufio.Reader, out *bufio.Writer) error {
	var block []byte
	key, seen := false, 0 // whether a private key is open behind the first seen bytes
	for {
		var err error
		block, err = readOn(block, in)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return fmt.Errorf("redact: read: %w", err)
		}
		whole := err == nil
		switch {
		case errors.Is(err, io.EOF):
			return o.block(block, out)
		case len(block) > longestText:
			if err := o.overlong(block, whole, keyAfter(block[seen:], key), in, out); err != nil {
				return err
			}
			block, key, seen = block[:0], false, 0
		case whole && len(block) >= blockSize && (emptyEnd(block) || len(block) >= 4*blockSize):
			if key, seen = keyAfter(block[seen:], key), len(block); key {
				continue
			}
			if err := o.block(block, out); err != nil {
				return err
			}
			block, seen = block[:0], 0
		}
	}
}

// readOn reads behind a block, to the end of a line. Where no block can end yet, lines are not looked at one by one.
func readOn(block []byte, in *bufio.Reader) ([]byte, error) {
	if n := len(block); n < blockSize-1 {
		block = slices.Grow(block, blockSize)[:blockSize-1]
		more, err := io.ReadFull(in, block[n:])
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		if err != nil {
			return block[:n+more], err
		}
	}
	line, err := in.ReadSlice('\n')
	return append(block, line...), err
}

// emptyEnd tells whether the last line of a block, which is whole, is empty.
func emptyEnd(block []byte) bool {
	return len(bytes.TrimSpace(block[bytes.LastIndexByte(block[:len(block)-1], '\n')+1:])) == 0
}

func (o *redaction) block(text []byte, out *bufio.Writer) error {
	if len(text) == 0 {
		return nil
	}
	if _, err := out.Write(o.redact(text)); err != nil {
		return fmt.Errorf("redact: write: %w", err)
	}
	return nil
}

// overlong redacts a block that is too long whole, with the rest of its line and of a private key that it opens.
func (o *redaction) overlong(text []byte, whole, key bool, in *bufio.Reader, out *bufio.Writer) error {
	net := o.redact(text)
	for !whole || key {
		rest, err := in.ReadSlice('\n')
		o.sum.BytesIn += int64(len(rest))
		whole = err == nil
		key = keyAfter(rest, key)
		if err == io.EOF {
			break
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("redact: read: %w", err)
		}
	}
	if _, err := out.Write(append(net, '\n')); err != nil {
		return fmt.Errorf("redact: write: %w", err)
	}
	return nil
}

// keyAfter tells whether a private key is open behind lines.
func keyAfter(lines []byte, open bool) bool {
	if !bytes.Contains(lines, []byte("-----")) {
		return open
	}
	if i := bytes.LastIndex(lines, []byte("-----BEGIN ")); i >= 0 {
		return !bytes.Contains(lines[i:], []byte("-----END "))
	}
	return open && !bytes.Contains(lines, []byte("-----END "))
}
