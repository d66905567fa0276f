package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/byleave/byleave/agent/internal/capture/redact"
)

// lines redacts JSON lines. What was written before a broken line stays written.
func (o *redaction) lines(in *bufio.Reader, out *bufio.Writer) error {
	var row []byte
	for n := 1; ; n++ {
		row = row[:0]
		for {
			part, err := in.ReadSlice('\n')
			row = append(row, part...)
			if len(row) > longestLine {
				return fmt.Errorf("redact: line %d is longer than %d MiB; split it", n, longestLine>>20)
			}
			if err == nil {
				break
			}
			if err == io.EOF {
				if len(bytes.TrimSpace(row)) == 0 {
					return nil
				}
				return o.object(n, row, out)
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return fmt.Errorf("redact: read line %d: %w", n, err)
			}
		}
		if len(bytes.TrimSpace(row)) == 0 {
			if err := out.WriteByte('\n'); err != nil {
				return fmt.Errorf("redact: write: %w", err)
			}
			continue
		}
		if err := o.object(n, row, out); err != nil {
			return err
		}
		if in.Buffered() > 0 {
			continue
		}
		if err := out.Flush(); err != nil { // whoever sent it may wait for it
			return fmt.Errorf("redact: write: %w", err)
		}
	}
}

// member is a field of a JSON object, in its place.
type member struct {
	name  string
	value json.RawMessage
}

// object redacts one line. Errors name its number, never what it says.
func (o *redaction) object(n int, row []byte, out *bufio.Writer) error {
	members, ok := parseObject(row)
	if !ok {
		return fmt.Errorf("redact: line %d is not a JSON object; the lines before it were written", n)
	}
	var b bytes.Buffer // a broken line writes nothing
	b.WriteByte('{')
	texts := 0
	var spans []redact.Found
	for _, m := range members {
		switch m.name {
		case "spans":
			continue
		case "text":
			var text string
			if err := json.Unmarshal(m.value, &text); err != nil || m.value[0] != '"' || texts > 0 {
				return fmt.Errorf(`redact: line %d: "text" is not one string; the lines before it were written`, n)
			}
			texts++
			value := []byte(text)
			o.net, spans = o.redactor.AppendText(o.net[:0], value)
			o.count(value)
			m.value = encode(string(o.net))
		}
		b.Write(encode(m.name))
		b.WriteByte(':')
		b.Write(m.value)
		b.WriteByte(',')
	}
	if texts == 0 {
		return fmt.Errorf(`redact: line %d has no field "text"; the lines before it were written`, n)
	}
	if spans == nil {
		spans = []redact.Found{}
	}
	b.WriteString(`"spans":`)
	b.Write(encode(spans))
	b.WriteString("}\n")
	if _, err := out.Write(b.Bytes()); err != nil {
		return fmt.Errorf("redact: write: %w", err)
	}
	return nil
}

// parseObject gives the fields of a JSON object in their order.
func parseObject(row []byte) (members []member, ok bool) {
	d := json.NewDecoder(bytes.NewReader(row))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		t, err := d.Token()
		name, isName := t.(string)
		var value json.RawMessage
		if err != nil || !isName || d.Decode(&value) != nil {
			return nil, false
		}
		members = append(members, member{name, value})
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	_, err := d.Token()
	return members, err == io.EOF
}

// encode writes JSON without escaping what only HTML needs escaped.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings and numbers always encode
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
