package review

import (
	"testing"
	"time"
)

// TestPapersAreNamedInWords: a receipt is called by what it is of and when, and a name that is not ours stays.
func TestPapersAreNamedInWords(t *testing.T) {
	at := time.Date(2026, 11, 26, 13, 14, 21, 0, time.UTC).Local().Format("2 January 2006, 15:04: ")
	for name, want := range map[string]string{
		"2026-11-26T131421Z-given-343ba15a":     at + "you agreed",
		"2026-11-26T131421Z-withdrawn-343ba15a": at + "you withdrew",
		"2026-11-26T131421Z-ledger-evidence":    at + "the ledger contradicted itself",
		"2026-11-26T131421Z-other-1":            "2026-11-26T131421Z-other-1",
		"2026-99-26T131421Z-given-1":            "2026-99-26T131421Z-given-1",
		"":                                      "",
		"my-copy":                               "my-copy",
	} {
		if got := paper(name); got != want {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
}
