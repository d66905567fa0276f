package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// Exit codes: 0 every promise held, 1 one did not or the play failed, 2 misuse.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil:
	case errors.As(err, new(misuse)):
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// misuse is an error in how the demo was called.
type misuse struct{ error }

type options struct {
	bin, out, display string
	seed              int64
	control           bool
}

func run(ctx context.Context, args []string) error {
	if len(args) == 3 && args[0] == "show" {
		return show(ctx, args[1], args[2])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.display != "" {
		return own(ctx, o)
	}
	return play(ctx, o)
}

func parse(args []string) (options, error) {
	var o options
	seed, err := strconv.ParseInt(os.Getenv("SEED"), 10, 64)
	if err != nil {
		seed = 7
	}
	f := flag.NewFlagSet("byleave-demo", flag.ContinueOnError)
	f.StringVar(&o.bin, "bin", "bin", "folder of the binaries")
	f.StringVar(&o.out, "out", "demo/out", "folder of the results; what an earlier demo left there is removed")
	f.StringVar(&o.display, "display", "", "use your own desktop, and ask you for consent first")
	f.Int64Var(&o.seed, "seed", seed, "the canaries and the person's pace follow from it")
	f.BoolVar(&o.control, "control", true, "also play the control with the redactor disconnected")
	if err := f.Parse(args); err != nil {
		return o, misuse{err}
	}
	if f.NArg() > 0 {
		return o, misuse{fmt.Errorf("unknown argument %q", f.Arg(0))}
	}
	return o, nil
}
