package ocr

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/ocr/talk"
)

// Times of a reader.
const (
	longestLine  = 2 * time.Second  // until a line is answered
	longestStart = 10 * time.Second // until the process greets
	longestIdle  = 20 * time.Second // without a line, until the process is ended
	firstWait    = time.Second      // after a failure, until it is started again; then twice as long each time
	longestWait  = 5 * time.Minute
)

// Errors that a caller may ask for. All of them mean that the line stays masked.
var (
	ErrAbsent = errors.New("there is no byleave-ocr")     // not installed, not safe to start, or not able to read here
	ErrFailed = errors.New("byleave-ocr failed")          // it died, was too slow, or answered nonsense
	ErrRest   = errors.New("byleave-ocr is left to rest") // it failed a moment ago
	ErrLine   = errors.New("not a line of text")          // too large, or not what it says
)

// Reader reads lines with byleave-ocr. Any number of goroutines may use it; one line is read at a time. Close it at the end.
type Reader struct {
	path string
	wait time.Duration // for a line
	idle time.Duration // without a line, until the process is ended

	mu     sync.Mutex
	child  *child
	number uint32
	frame  []byte
	failed int       // starts or lines in a row
	rest   time.Time // not before
	why    error     // of the last failure
	quiet  *time.Timer
	closed bool
}

// Beside is where byleave-ocr must lie: in the folder of the program that runs.
func Beside() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	name := "byleave-ocr"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(filepath.Dir(self), name)
}

// New makes a reader that starts the program at path, which is Beside. Nothing is started yet.
func New(path string) *Reader { return &Reader{path: path, wait: longestLine, idle: longestIdle} }

// Read gives the text of a line and how sure it is, from 0 to 1. A line without text that can be read has no text, and no error.
// When ctx ends in the middle of the line, the process is ended with it. The picture is not kept.
func (r *Reader) Read(ctx context.Context, line *image.Gray) (text string, sure float64, err error) {
	if !talk.Fits(line) {
		return "", 0, ErrLine
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.ready(ctx); err != nil {
		return "", 0, err
	}
	r.quiet.Stop()
	r.number++
	var a talk.Answer
	a, r.frame, err = r.child.ask(ctx, r.wait, r.number, line, r.frame)
	clear(r.frame)
	if err != nil {
		return "", 0, r.fail(ctx, err)
	}
	r.failed, r.why = 0, nil
	r.quiet.Reset(r.idle)
	return a.Text, a.Sure, nil
}

// State says in words why lines are not read; nil while they are, or as long as nobody asked.
func (r *Reader) State() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why
}

// Close ends the process. Nothing is read afterwards.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.end()
	return nil
}

// ready sees to it that the process runs and has greeted. One that is still starting when ctx ends goes on with that: on a busy machine it
// would be started again and again else, and never read.
func (r *Reader) ready(ctx context.Context) error {
	switch {
	case r.closed:
		return ErrAbsent
	case ctx.Err() != nil:
		return ctx.Err()
	case r.child == nil && time.Now().Before(r.rest):
		return ErrRest
	case r.child == nil:
		if err := r.begin(); err != nil {
			return r.fail(ctx, err)
		}
	}
	switch err := r.child.greet(ctx); {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil:
		return ctx.Err()
	default:
		return r.fail(ctx, err)
	}
}

// begin starts the process, and ends it if nobody asks anything of it.
func (r *Reader) begin() error {
	if err := trusted(r.path); err != nil {
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	c, err := start(r.path)
	if err != nil {
		return err
	}
	r.child = c
	if r.quiet == nil {
		r.quiet = time.AfterFunc(r.idle, r.rested)
	} else {
		r.quiet.Reset(r.idle)
	}
	return nil
}

// fail ends the process and says when it may be started again. That the caller did not want to wait is no failure.
func (r *Reader) fail(ctx context.Context, err error) error {
	r.end()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !errors.Is(err, ErrAbsent) {
		err = fmt.Errorf("%w: %w", ErrFailed, err)
	}
	r.rest = time.Now().Add(min(firstWait<<min(r.failed, 16), longestWait))
	r.failed, r.why = r.failed+1, err
	return err
}

// rested ends a process that had nothing to do.
func (r *Reader) rested() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end()
}

func (r *Reader) end() {
	if r.quiet != nil {
		r.quiet.Stop()
	}
	if r.child != nil {
		r.child.end()
		r.child = nil
	}
}
