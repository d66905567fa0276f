package ingest

import (
	"strings"
	"testing"
	"time"
)

// TestParseLimits: what is wrong is named by line and field.
func TestParseLimits(t *testing.T) {
	for text, want := range map[string]string{
		"{}":                         "",
		"{\n \"memory_mib\": 128\n}": "",
		"{\n \"memory_mib\": 1\n}":   `line 2: field "memory_mib": 1 is not between 16 and 65536`,
		"{\n\n \"device_day_boxes\": \"many\"\n}":              `line 3: field "device_day_boxes": a whole number is needed, not a string`,
		"{\n \"memory_mib\": 64,\n \"device_day_mib\": 1.5\n}": `line 3: field "device_day_mib"`,
		"{\n \"memory_mib\": 64,\n}":                           `line 3: `,
		"{\"memory_mb\": 64}":                                  `unknown field "memory_mb"`,
		"{} {}":                                                "line 1: something follows",
		"":                                                     "line 1: ",
		"{\"memory_mib\": 64}\n{\"device_day_boxes\": 100}":      "something follows",
		"{\"device_day_mib\": 64,\n\"device_day_boxes\": -2}":    `line 2: field "device_day_boxes"`,
		"{\"memory_mib\": 999999999999999999999999999999999999}": `line 1: field "memory_mib"`,
	} {
		_, err := ParseLimits([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseLimits(f *testing.F) {
	f.Add([]byte(`{"memory_mib": 64, "device_day_mib": 16}`))
	f.Add([]byte("{\n\"device_day_boxes\": -1}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ParseLimits(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "line ") {
				t.Fatalf("an error without a line: %v", err)
			}
			return
		}
		for _, b := range bounds {
			if v := b.of(l); v < b.from || v > b.to {
				t.Fatalf("%s is %d", b.name, v)
			}
		}
	})
}

// TestLimitsCount: limits that are set while the collector runs count from then on.
func TestLimitsCount(t *testing.T) {
	r := newRig(t, nil)
	d := r.device(newHPKE(t).PublicKey())
	must(t, d.consent(nil))
	acct, ok := r.ingest.accounts.enter(d.id)
	if !ok {
		t.Fatal("no account")
	}
	defer r.ingest.accounts.leave(d.id)
	l := DefaultLimits()
	l.DayMiB, l.MemoryMiB = 16, 16
	r.ingest.SetLimits(l)
	if wait, ok := acct.spend(1, 17<<20, time.Now(), r.ingest.limits()); ok || wait <= 0 {
		t.Error("a device may send more than its day")
	}
	if r.ingest.memory.take(17<<20, r.ingest.limits()) {
		t.Error("more is in flight than may be")
	}
	r.ingest.SetLimits(DefaultLimits())
	if _, ok := acct.spend(1, 17<<20, time.Now(), r.ingest.limits()); !ok {
		t.Error("the limit stayed")
	}
	if !r.ingest.memory.take(17<<20, r.ingest.limits()) {
		t.Error("the limit stayed")
	}
	r.ingest.memory.free(17 << 20)
}
