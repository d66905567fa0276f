package embed

import (
	"strings"
	"testing"
)

// TestI18PapersScanNothing: what a device asks of its person goes through no table of everybody's.
func TestI18PapersScanNothing(t *testing.T) {
	s, _ := reopen(t, t.TempDir())
	for _, query := range selectPapers {
		rows, err := s.read.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, make([]byte, 16))
		must(t, err)
		for rows.Next() {
			var a, b, c int
			var step string
			must(t, rows.Scan(&a, &b, &c, &step))
			if strings.HasPrefix(step, "SCAN") {
				t.Errorf("%s: %s", query, step)
			}
		}
		must(t, rows.Err())
		must(t, rows.Close())
	}
}
