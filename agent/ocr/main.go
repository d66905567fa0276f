package main

import (
	"fmt"
	"image"
	"io"
	"os"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/ocr/talk"
)

const about = `byleave-ocr is a part of byleave, which starts it to read lines of text in pictures and tells it what to read.
It takes no arguments and is of no use alone. It must lie beside the program byleave.`

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, about)
		os.Exit(2)
	}
	os.Exit(run())
}

// tooLong is after how long on one line it ends itself: the agent, which waits for less, must be dead.
const tooLong = time.Minute

// reader reads a line. It gives nothing where it is not sure.
type reader interface {
	read(line *image.Gray) (text string, sure float64)
}

// serve answers lines until there are no more. It keeps no pixel and no text of a line that it has answered.
func serve(in io.Reader, out io.Writer, r reader) error {
	var memory []byte
	for {
		number, line, used, err := talk.ReadLine(in, memory)
		if err != nil {
			clear(used)
			return err
		}
		memory = used
		end := time.AfterFunc(tooLong, func() { os.Exit(3) })
		text, sure := r.read(line)
		end.Stop()
		clear(memory)
		if err := talk.WriteAnswer(out, talk.Answer{Number: number, Text: text, Sure: sure}); err != nil {
			return err
		}
	}
}
