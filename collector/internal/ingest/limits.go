package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits is what an operator may set about how much a collector takes in. They are the same for every device.
type Limits struct {
	MemoryMiB int64 `json:"memory_mib"`       // of boxes in flight, of all devices
	DayMiB    int64 `json:"device_day_mib"`   // that one device may send in a UTC day
	DayBoxes  int64 `json:"device_day_boxes"` // that one device may send in a UTC day

	LotSeconds int64 `json:"ledger_lot_seconds"` // between two lots of leaves about people in the ledger
}

// DefaultLimits suits a machine with 1 GiB of memory.
func DefaultLimits() Limits {
	return Limits{MemoryMiB: 64, DayMiB: 4096, DayBoxes: 200_000, LotSeconds: 3600}
}

// bounds is what each field may be, in the order of the fields.
var bounds = []struct {
	name     string
	from, to int64
	of       func(Limits) int64
}{
	{"memory_mib", 16, 64 << 10, func(l Limits) int64 { return l.MemoryMiB }},
	{"device_day_mib", 16, 1 << 20, func(l Limits) int64 { return l.DayMiB }},
	{"device_day_boxes", 100, 100_000_000, func(l Limits) int64 { return l.DayBoxes }},
	{"ledger_lot_seconds", 1, 86_400, func(l Limits) int64 { return l.LotSeconds }},
}

// ParseLimits reads limits as JSON. A field that is left out keeps its default; an unknown one, a value of the wrong kind or one out
// of bounds is an error that names line and field.
func ParseLimits(text []byte) (Limits, error) {
	l := DefaultLimits()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(&l)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the closing brace")
		}
	}
	if err != nil {
		return Limits{}, fmt.Errorf("line %d: %s", lineAt(text, errorOffset(text, err, dec)), sayJSON(err))
	}
	for _, b := range bounds {
		if v := b.of(l); v < b.from || v > b.to {
			return Limits{}, fmt.Errorf("line %d: field %q: %d is not between %d and %d", lineOf(text, b.name), b.name, v, b.from, b.to)
		}
	}
	return l, nil
}

func errorOffset(text []byte, err error, dec *json.Decoder) int64 {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return syntax.Offset
	case errors.As(err, &kind):
		return kind.Offset
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok { // the one error that has no type of its own
		return int64(bytes.Index(text, []byte(name)))
	}
	return dec.InputOffset()
}

func sayJSON(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("field %q: a whole number is needed, not a %s", kind.Field, kind.Value)
	}
	return err.Error()
}

func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(max(offset, 0), int64(len(text)))], []byte("\n"))
}

// lineOf is the line on which a field stands.
func lineOf(text []byte, field string) int {
	return lineAt(text, int64(bytes.Index(text, []byte(`"`+field+`"`))))
}
