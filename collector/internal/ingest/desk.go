package ingest

import "sync"

// desk works for all streams on a few goroutines. Questions to the index and signatures need a deep stack, and a goroutine keeps the stack
// that it once needed: a stream that did this by itself would hold tens of kilobytes for as long as it is open.
type desk struct {
	work chan func()
	done sync.WaitGroup
}

// newDesk starts n goroutines; close ends them.
func newDesk(n int) *desk {
	d := &desk{work: make(chan func())}
	for range n {
		d.done.Go(func() {
			for do := range d.work {
				do()
			}
		})
	}
	return d
}

// do waits until f has been done. A panic of f is one of the caller.
func (d *desk) do(f func()) {
	done := make(chan any, 1)
	d.work <- func() {
		defer func() { done <- recover() }()
		f()
	}
	if r := <-done; r != nil {
		panic(r)
	}
}

// close ends the desk. Nobody may call do any more.
func (d *desk) close() {
	close(d.work)
	d.done.Wait()
}
