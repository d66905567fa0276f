package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// limit bounds the whole demo.
const limit = 8 * time.Minute

// options are the flags.
type options struct {
	bin, out, display string
	seed              int64
	fast              bool // the control run only: is the search able to find?
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "show" { // the window of another program; see shown_linux.go
		fail(show(os.Args[2:]))
		return
	}
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "folder of the binaries")
	flag.StringVar(&o.out, "out", "demo/out", "folder for what the demo leaves")
	flag.StringVar(&o.display, "display", "", "your own display instead of a virtual one; you are asked first")
	flag.Int64Var(&o.seed, "seed", seedFromEnv(), "what the secrets and the pace are drawn from")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if o.display != "" {
		fail(own(ctx, o))
		return
	}
	fail(run(ctx, o))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// seedFromEnv is SEED, else the time: a run that fails says its seed.
func seedFromEnv() int64 {
	if n, err := strconv.ParseInt(os.Getenv("SEED"), 10, 64); err == nil {
		return n
	}
	return time.Now().Unix()
}

// run plays the demo and the control run, and fails if a secret was found, an action is missing, or the control found too little.
func run(ctx context.Context, o options) error {
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(o.out); err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	fmt.Printf("Seed %d. A virtual desktop, a collector, a custodian and a device are being set up.\n", o.seed)
	p, err := newPlay(ctx, bin, "byleave", o.seed)
	if err != nil {
		return err
	}
	r, err := p.full(ctx, o)
	err = errors.Join(err, p.close())
	if err != nil {
		return err
	}
	fmt.Println("\nControl: the same search over a build whose redactor is disconnected. It must find every secret that was typed.")
	if r.Control, err = control(ctx, bin, o.seed); err != nil {
		return err
	}
	if err := r.write(o.out); err != nil {
		return err
	}
	r.print(os.Stdout)
	return r.verdict()
}
