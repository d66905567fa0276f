// Command gitleaks is gitleaks as a library, with the protocol of bench/redaction: JSON lines with "text" in, "spans" out. With
// --cases FILE it writes the cases of gitleaks' own source instead.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/rs/zerolog"
	"github.com/zricethezav/gitleaks/v8/detect"
)

type span struct {
	Class string `json:"class"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

func main() {
	cases := flag.String("cases", "", "write the cases of gitleaks' source to this file")
	flag.Parse()
	zerolog.SetGlobalLevel(zerolog.Disabled)
	run := scan
	if *cases != "" {
		run = func() error { return writeCases(*cases) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gitleaks:", err)
		os.Exit(1)
	}
}

func scan() error {
	d, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		return err
	}
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var row struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			return err
		}
		spans := []span{}
		for _, f := range d.DetectString(row.Text) {
			if i := strings.Index(row.Text, f.Secret); f.Secret != "" && i >= 0 {
				start := utf8.RuneCountInString(row.Text[:i])
				spans = append(spans, span{"GITLEAKS", start, start + utf8.RuneCountInString(f.Secret)})
			}
		}
		if err := out.Encode(map[string]any{"spans": spans}); err != nil {
			return err
		}
	}
	return in.Err()
}
