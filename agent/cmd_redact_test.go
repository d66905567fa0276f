package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
)

// redacts runs the command as a person would.
func redacts(t *testing.T, in string, args ...string) (out, words string, err error) {
	t.Helper()
	var o, w bytes.Buffer
	cmd := command()
	cmd.SetArgs(append([]string{"redact"}, args...))
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&o)
	cmd.SetErr(&w)
	err = cmd.Execute()
	return o.String(), w.String(), err
}

func TestRedactText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"clean", "The report is ready.\nSave As...\n", "The report is ready.\nSave As...\n"},
		{"no newline", "mail jane@example.com", "mail <EMAIL#1>"},
		{"same value, same number", "4111 1111 1111 1111\n4111111111111111\n", "<CARD#1>\n<CARD#1>\n"},
		{"key over lines", "a\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHcHbQpzGKV9PBbBclGyZkXfTC\n\nabc\n-----END PRIVATE KEY-----\nb\n", "a\n<KEY#1>\nb\n"},
		{"windows lines", "ssn 123-45-6789\r\nok\r\n", "ssn <SSN#1>\r\nok\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, _, err := redacts(t, c.in); err != nil || out != c.want {
				t.Errorf("got %q, %v; want %q", out, err, c.want)
			}
		})
	}
}

// TestRedactLong sends more than is ever held: each value is found, also where blocks meet, and what is too long goes whole.
func TestRedactLong(t *testing.T) {
	var in strings.Builder
	for range 40000 {
		in.WriteString("the card is 4111 1111 1111 1111 and the door is open\n")
	}
	out, words, err := redacts(t, in.String())
	if err != nil || strings.Count(out, "<CARD#1>") != 40000 || strings.Contains(out, "1111") {
		t.Errorf("%d values of 40000 are redacted, %v", strings.Count(out, "<CARD#1>"), err)
	}
	if !strings.Contains(words, "40000 CARD") {
		t.Errorf("it says %q", words)
	}
	out, _, err = redacts(t, strings.Repeat("word ", 1<<18)+"end\nnext line\n")
	if err != nil || !strings.HasPrefix(out, "<OPAQUE#1>\n") || !strings.HasSuffix(out, "next line\n") || len(out) > 100 {
		t.Errorf("a line of over a megabyte became %.60q (%d bytes), %v", out, len(out), err)
	}
	key := "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("MIIBVgIBADANBgkqhkiG\n", 80000) + "-----END PRIVATE KEY-----\nafter\n"
	if out, _, err = redacts(t, key); err != nil || strings.Contains(out, "MIIB") || !strings.HasSuffix(out, "after\n") {
		t.Errorf("a key of over a megabyte became %.60q (%d bytes), %v", out, len(out), err)
	}
}

func TestRedactLines(t *testing.T) {
	in := `{"id":7,"text":"日本 jane@example.com <b>","more":{"a":[1,2]}}` + "\n\n" + `{"text":"ok","spans":[1]}` + "\n" + `{"text":""}`
	want := `{"id":7,"text":"日本 <EMAIL#1> <b>","more":{"a":[1,2]},"spans":[{"class":"EMAIL","start":3,"end":19}]}` + "\n\n" + `{"text":"ok","spans":[]}` + "\n" + `{"text":"","spans":[]}` + "\n"
	if out, _, err := redacts(t, in, "--jsonl"); err != nil || out != want {
		t.Errorf("got %s, %v\nwant %s", out, err, want)
	}
	long, _ := json.Marshal(map[string]string{"text": strings.Repeat("word ", 1<<18)})
	if out, _, err := redacts(t, string(long)+"\n"+`{"text":"next"}`+"\n", "--jsonl"); err != nil || !strings.HasPrefix(out, `{"text":"<OPAQUE#1>","spans":[{"class":"OPAQUE","start":0,"end":1310720}]}`+"\n"+`{"text":"next"`) {
		t.Errorf("a text of over a megabyte became %.200q, %v", out, err)
	}
}

// TestRedactBroken sees to it that a broken line is named by its number, that lines before it are written, and that nothing of it is said.
func TestRedactBroken(t *testing.T) {
	good := `{"text":"jane@example.com"}` + "\n"
	for name, bad := range map[string]string{
		"no json": "hunter2 hunter2", "cut off": `{"text":"hunter2`, "no text": `{"txt":"hunter2"}`, "not a string": `{"text":["hunter2"]}`, "null": `{"text":null}`,
		"two texts": `{"text":"hunter2","text":"hunter2"}`, "an array": `["hunter2"]`, "more behind": `{"text":"x"} hunter2`,
	} {
		out, words, err := redacts(t, good+bad+"\n"+good, "--jsonl")
		if err == nil || !strings.Contains(err.Error(), "line 2") || isMisuse(err) {
			t.Errorf("%s: the error is %v", name, err)
			continue
		}
		if !strings.HasPrefix(out, `{"text":"<EMAIL#1>","spans":[`) || strings.Contains(out+words+err.Error(), "hunter2") {
			t.Errorf("%s: got %q, %q, %v", name, out, words, err)
		}
	}
}

func TestRedactReport(t *testing.T) {
	dir := t.TempDir()
	file, to := filepath.Join(dir, "in.txt"), filepath.Join(dir, "report.json")
	if err := os.WriteFile(file, []byte("jane@example.com\n123-45-6789\nbob@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, err := redacts(t, "", "--report", to, file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	var r redactReport
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if r.Spans["EMAIL"] != 2 || r.Spans["SSN"] != 1 || r.BytesIn != 45 || r.BytesOut != int64(len(out)) || !strings.HasPrefix(r.Version, "byleave-redact/") {
		t.Errorf("the report is %s", b)
	}
	if _, _, err := redacts(t, "", filepath.Join(dir, "absent")); err == nil {
		t.Error("a file that is not there was read")
	}
	if out, _, err := redacts(t, "", "--help"); err != nil || !strings.Contains(out, "byleave redact --jsonl") || !strings.Contains(out, "code points") {
		t.Errorf("the help is %q, %v", out, err)
	}
}

// TestRedactOften sees to it that the same text gives the same answer, and that a reader that gives one byte at a time changes nothing.
func TestRedactOften(t *testing.T) {
	text := "My name is Rosamund Achterberg, 12 Baker Street, London.\nCall +49 30 901820 or write to jane@example.com.\n"
	first, _, err := redacts(t, text)
	if err != nil {
		t.Fatal(err)
	}
	var o, w bytes.Buffer
	cmd := command()
	cmd.SetArgs([]string{"redact"})
	cmd.SetIn(oneByte{strings.NewReader(text)})
	cmd.SetOut(&o)
	cmd.SetErr(&w)
	if err := cmd.Execute(); err != nil || o.String() != first || strings.Contains(first, "Achterberg") {
		t.Errorf("%q and %q, %v", first, o.String(), err)
	}
}

// TestRedactBlocks holds where blocks end, around the length from which on one may end: behind an empty line, however the reader gives the text.
func TestRedactBlocks(t *testing.T) {
	for n := blockSize - 5; n < blockSize+5; n++ {
		for _, empty := range []string{"\n", "   \n", "\r\n"} {
			head := strings.Repeat("x ", n)[:n-1] + "\n" + empty
			text := head + "the door is open\n"
			blocks := 2
			if len(head) < blockSize {
				blocks = 1
			}
			for _, in := range []io.Reader{strings.NewReader(text), oneByte{strings.NewReader(text)}} {
				var out bytes.Buffer
				o := redaction{in: in, out: &out, words: io.Discard}
				if err := o.run(t.Context()); err != nil || o.sum.Texts != blocks || out.String() != text {
					t.Errorf("%d bytes before an empty line %q: %d blocks instead of %d, %v", n, empty, o.sum.Texts, blocks, err)
				}
			}
		}
	}
}

// in gives a text as another program writes it.
func in(t *testing.T, as encoding.Encoding, text string) string {
	t.Helper()
	b, err := as.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRedactEncodings: texts of Windows are read as they were meant. What is between the signs of UTF-16 would hide every name that is not English.
func TestRedactEncodings(t *testing.T) {
	const text, want = "Kunde: J\u00fcrgen M\u00fcller\r\n\u59d3\u540d\uff1a\u738b\u5c0f\u660e\r\nmail jane@example.com\r\n", "Kunde: <PERSON#1>\r\n\u59d3\u540d\uff1a<PERSON#2>\r\nmail <EMAIL#1>\r\n"
	for name, as := range map[string]encoding.Encoding{
		"UTF-16LE": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "UTF-16BE": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"LE without a mark": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "BE without a mark": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	} {
		if out, _, err := redacts(t, in(t, as, text)); err != nil || out != in(t, as, want) {
			t.Errorf("%s became %q, %v", name, out, err)
		}
	}
	latin, wantLatin := "Name: J\xfcrgen M\xfcller, M\xfcllerstra\xdfe 12 in K\xf6ln, 5 \x80\r\n", "Name: <PERSON#1>, <ADDRESS#1> in K\xf6ln, 5 \x80\r\n"
	if out, _, err := redacts(t, latin); err != nil || out != wantLatin {
		t.Errorf("one byte a letter became %q, %v", out, err)
	}
	if out, _, err := redacts(t, "Frau M\xfcller"); err != nil || out != "<PERSON#1>" {
		t.Errorf("one name of one byte a letter became %q, %v", out, err)
	}
	if out, _, err := redacts(t, "5 \u20ac are left\nand one wrong byte: \xfc\n"); err != nil || out != "5 \u20ac are left\nand one wrong byte: \xfc\n" {
		t.Errorf("UTF-8 with a wrong byte became %q, %v", out, err)
	}
	line, want2 := `{"text":"jane@example.com"}`+"\r\n", `{"text":"<EMAIL#1>","spans":[{"class":"EMAIL","start":0,"end":16}]}`+"\n"
	for name, row := range map[string]string{"a mark": "\ufeff" + line, "none": line} {
		if out, _, err := redacts(t, row, "--jsonl"); err != nil || out != want2 {
			t.Errorf("JSON lines with %s became %q, %v", name, out, err)
		}
	}
	as := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	if out, _, err := redacts(t, in(t, as, line), "--jsonl"); err != nil || out != in(t, as, want2) {
		t.Errorf("JSON lines of UTF-16 became %q, %v", out, err)
	}
	if out, _, err := redacts(t, "\ufeffName: Rosamund Achterberg\n"); err != nil || out != "\ufeffName: <PERSON#1>\n" {
		t.Errorf("UTF-8 with a mark became %q, %v", out, err)
	}
	if out, _, err := redacts(t, "HOME=/root\x00PASSWORD=Hunter2secret!\x00"); err != nil || strings.Contains(out, "unter2") || !strings.HasPrefix(out, "HOME=/root") {
		t.Errorf("an environment became %q, %v", out, err)
	}
}

// TestRedactNoText: a file in which words lie packed is refused: a search of its bytes finds nothing, and would seem to have looked.
func TestRedactNoText(t *testing.T) {
	var zipped, squeezed bytes.Buffer
	z := zip.NewWriter(&zipped)
	f, err := z.Create("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(f, strings.Repeat("Rosamund Achterberg ", 1000))
	w := zlib.NewWriter(&squeezed)
	_, err2 := w.Write([]byte(strings.Repeat(t.Name(), 3)))
	for i := range 2000 {
		_, _ = fmt.Fprintf(w, "%x ", i*i*i)
	}
	if err := errors.Join(err, err2, z.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for what, in := range map[string]string{
		"a ZIP archive": zipped.String(), "a PDF": "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "an older office program": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "no text": squeezed.String(), "a gzip archive": "\x1f\x8b\x08\x00",
	} {
		from, to := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		if err := os.WriteFile(from, []byte(in), 0o600); err != nil {
			t.Fatal(err)
		}
		out, words, err := redacts(t, "", from, "-o", to)
		if err == nil || isMisuse(err) || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), from) || out != "" || words != "" {
			t.Errorf("%s: %q, %q, %v", what, out, words, err)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%s: there is a result", what)
		}
	}
	control := "\x1b[31mred\x1b[0m\a\f and the bell\b\n"
	if out, _, err := redacts(t, control); err != nil || out != control {
		t.Errorf("what a terminal was told became %q, %v", out, err)
	}
}

// TestRedactNames: what is named wrongly is said before anything is read, with what to do.
func TestRedactNames(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "in.txt")
	if err := os.WriteFile(file, []byte("jane@example.com"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want   string
		misuse bool
		args   []string
	}{{"is a folder", false, []string{dir}}, {"is a folder", true, []string{file, "-o", dir}}, {"one file at a time", true, []string{file, file}}} {
		out, words, err := redacts(t, "", c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) || isMisuse(err) != c.misuse || out+words != "" {
			t.Errorf("%q: %q, %q, %v", c.args, out, words, err)
		}
	}
}

// TestRedactIsInterrupted: an interrupt ends it though nothing more comes, and leaves no result.
func TestRedactIsInterrupted(t *testing.T) {
	in, begun := io.Pipe()
	defer begun.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	dir := t.TempDir()
	o := redaction{in: in, name: "in", words: io.Discard, file: filepath.Join(dir, "out.txt")}
	done := make(chan error, 1)
	go func() { done <- o.toFile(ctx) }()
	if _, err := io.WriteString(begun, "so far\n"); err != nil { // it is reading
		t.Fatal(err)
	}
	interrupt()
	select {
	case err := <-done:
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); !errors.Is(err, context.Canceled) || len(left) != 0 {
			t.Errorf("%v, and left is %v", err, left)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("it waits for more")
	}
}

// TestRedactAnswersEachLine: who sends a line may wait for its answer before they send another.
func TestRedactAnswersEachLine(t *testing.T) {
	toIt, in := io.Pipe()
	out, fromIt := io.Pipe()
	o := redaction{in: toIt, out: fromIt, words: io.Discard, jsonl: true}
	done := make(chan error, 1)
	go func() { done <- o.run(t.Context()) }()
	answers := bufio.NewReader(out)
	late := time.AfterFunc(time.Minute, func() { _ = out.CloseWithError(errors.New("no answer in a minute")) })
	defer late.Stop()
	for range 3 {
		if _, err := io.WriteString(in, `{"text":"jane@example.com"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if answer, err := answers.ReadString('\n'); err != nil || !strings.HasPrefix(answer, `{"text":"<EMAIL#1>"`) {
			t.Fatalf("the answer is %q, %v", answer, err)
		}
	}
	if err := errors.Join(in.Close(), <-done); err != nil {
		t.Error(err)
	}
}

type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(1, len(p))]) }
