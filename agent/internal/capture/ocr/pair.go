package ocr

import (
	"context"
	"errors"
	"image"
	"sync"
)

// Pair is two Readers of one program, so that two lines are read at once. The second is asked only while the first is busy, and its process
// runs only if that happens. Close it at the end.
type Pair struct {
	readers [2]*Reader
	taken   [2]sync.Mutex
}

// NewPair makes a pair that starts the program at path, which is Beside. Nothing is started yet.
func NewPair(path string) *Pair { return &Pair{readers: [2]*Reader{New(path), New(path)}} }

// Read is that of a Reader which is free and not left to rest; where there is none, of the first that can.
func (p *Pair) Read(ctx context.Context, line *image.Gray) (text string, sure float64, err error) {
	for i, r := range p.readers {
		if !p.taken[i].TryLock() {
			continue
		}
		text, sure, err = r.Read(ctx, line)
		p.taken[i].Unlock()
		if !errors.Is(err, ErrRest) {
			return text, sure, err
		}
	}
	for _, r := range p.readers {
		if text, sure, err = r.Read(ctx, line); !errors.Is(err, ErrRest) {
			break
		}
	}
	return text, sure, err
}

// State says in words why lines are not read; nil while they are, or as long as nobody asked.
func (p *Pair) State() error {
	for _, r := range p.readers {
		if why := r.State(); why != nil {
			return why
		}
	}
	return nil
}

// Close ends the processes. Nothing is read afterwards.
func (p *Pair) Close() error {
	for _, r := range p.readers {
		_ = r.Close() // never fails
	}
	return nil
}
