package review

import (
	"strconv"
	"sync"
)

// mostViews is how many of the pages that were asked for can be gone back to.
const mostViews = 64

// view is what one address of the timeline stands for. It is kept here and not in the address, so that no word that somebody
// looked for lies in the browser's history.
type view struct {
	Day    string // 2006-01-02; empty: the newest
	Filter filter
	After  string    // the box before the first one of the page; empty: begin with the newest
	Ask    *question // something to forget, that waits for a yes
	Send   *sendAsk  // what may leave, that waits for a yes
	Note   string    // what was done
}

// views are the newest ones, by number.
type views struct {
	mu   sync.Mutex
	last int
	by   map[int]view
}

// keep gives a view a number.
func (v *views) keep(n view) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.by == nil {
		v.by = map[int]view{}
	}
	v.last++
	v.by[v.last] = n
	delete(v.by, v.last-mostViews)
	return strconv.Itoa(v.last)
}

// get finds a view; the zero one stands for what is not known any more.
func (v *views) get(number string) view {
	n, err := strconv.Atoi(number)
	if err != nil {
		return view{}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.by[n]
}

func (v *views) clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.by = nil
}
