package rights

import (
	"context"
	"slices"
)

// watching is closed at the next record.
func (r *Rights) watching() <-chan struct{} {
	r.watch.Lock()
	defer r.watch.Unlock()
	return r.changed
}

// tell wakes who waits for a record.
func (r *Rights) tell(sentence string) {
	r.watch.Lock()
	defer r.watch.Unlock()
	r.last = sentence
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *Rights) sentence() string {
	r.watch.Lock()
	defer r.watch.Unlock()
	return r.last
}

// await waits until all requests are answered or ctx ends, whichever comes first; neither is an error.
func (r *Rights) await(ctx context.Context, a Answer, asked [][16]byte, changed <-chan struct{}) (Answer, error) {
	for {
		due, err := r.store.Erasures()
		if err != nil {
			return a, err
		}
		if !slices.ContainsFunc(asked, func(id [16]byte) bool { _, waits := due[id]; return waits }) {
			a.Acknowledged, a.Record = true, r.sentence()
			return a, nil
		}
		select {
		case <-changed:
			changed = r.watching()
		case <-ctx.Done():
			return a, nil
		}
	}
}
