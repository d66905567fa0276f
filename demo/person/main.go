package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/byleave/byleave/demo/script"
)

func main() {
	seed, err := strconv.ParseInt(os.Getenv("SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	if err := run(os.Stdin, os.Stdout, newHand(seed).do); err != nil {
		fmt.Fprintln(os.Stderr, "person:", err)
		os.Exit(1)
	}
}

// run does act after act until its input ends. An act that fails is answered with its error; the next one is still done.
func run(in io.Reader, out io.Writer, do func(script.Act) (x, y int, err error)) error {
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 1<<20)
	enc := json.NewEncoder(out)
	for sc.Scan() {
		var act script.Act
		if err := json.Unmarshal(sc.Bytes(), &act); err != nil {
			return fmt.Errorf("an act is not JSON: %w", err)
		}
		done := script.Done{Start: time.Now()}
		x, y, err := do(act)
		done.End, done.X, done.Y = time.Now(), x, y
		if err != nil {
			done.Error = err.Error()
		}
		if err := enc.Encode(done); err != nil {
			return err
		}
	}
	return sc.Err()
}
