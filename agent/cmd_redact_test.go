package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(1, len(p))]) }
