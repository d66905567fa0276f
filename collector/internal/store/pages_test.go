package store

import (
	"errors"
	"slices"
	"testing"
)

// TestPages: every row once, in order, whether the last page is full, short or empty; an error is told once, after what came before it.
func TestPages(t *testing.T) {
	bad := errors.New("bad")
	for rows := range 8 {
		for _, failing := range []bool{false, true} {
			next := func(after int64) (page []int64, last int64, err error) {
				if failing && after == 3 {
					return nil, 0, bad
				}
				for n := after + 1; n <= int64(rows) && len(page) < 3; n++ {
					page = append(page, n)
					last = n
				}
				return page, last, nil
			}
			var got []int64
			errs := 0
			for n, err := range Pages(0, 3, next) {
				if err != nil {
					errs++
					continue
				}
				got = append(got, n)
			}
			want := rows
			if failing && rows >= 3 {
				want = 3
			}
			if len(got) != want || !slices.IsSorted(got) || errs > 0 != (failing && rows >= 3) || errs > 1 {
				t.Errorf("%d rows, failing %v: %v, %d errors", rows, failing, got, errs)
			}
		}
	}
	for n := range Pages(3, 2, func(after int64) ([]int64, int64, error) { return []int64{after + 1, after + 2}, after + 2, nil }) {
		if n == 9 {
			return // a reader that leaves ends it
		}
	}
}
