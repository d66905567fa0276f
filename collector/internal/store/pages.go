package store

import "iter"

// Pages yields rows page by page, so that a slow reader holds no transaction open. next returns rows after a number, in their order, and the
// number of the last one; a page of fewer than full is the last.
func Pages[T any](after int64, full int, next func(after int64) (page []T, last int64, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for after := after; ; {
			page, last, err := next(after)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if len(page) < full {
				return
			}
			after = last
		}
	}
}

// LastOf is the number of the last row, 0 if there is none.
func LastOf(page []Row) int64 {
	if len(page) == 0 {
		return 0
	}
	return page[len(page)-1].Number
}
