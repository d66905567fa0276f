package redact

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func mixedText(b *testing.B) (chunks [][]byte, lines [][]byte, total int) {
	var d []struct {
		Text string `json:"full_text"`
	}
	f, err := os.ReadFile(os.Getenv("BYLEAVE_DATA"))
	if err != nil {
		b.Skip(err)
	}
	json.Unmarshal(f, &d)
	var sb strings.Builder
	for _, x := range d {
		sb.WriteString(x.Text + "\n")
	}
	pres := sb.String()
	sb.Reset()
	fs, _ := filepath.Glob("/usr/local/go/src/net/http/*.go")
	for _, n := range fs {
		x, _ := os.ReadFile(n)
		sb.Write(x)
	}
	code := sb.String()
	if len(code) > len(pres)*12/10 {
		code = code[:len(pres)*12/10]
	}
	for p, c := pres, code; len(p) > 4096 && len(c) > 5000; p, c = p[4096:], c[5000:] {
		chunks = append(chunks, []byte(p[:4096]), []byte(c[:5000]))
	}
	for _, c := range chunks {
		total += len(c)
		for _, l := range strings.SplitAfter(string(c), "\n") {
			lines = append(lines, []byte(l))
		}
	}
	return
}

func BenchmarkMixed(b *testing.B) {
	chunks, lines, total := mixedText(b)
	e := newRedactor(b).engine
	b.Run("chunks", func(b *testing.B) {
		b.SetBytes(int64(total))
		for range b.N {
			for _, c := range chunks {
				e.scan(c)
			}
		}
	})
	b.Run("lines", func(b *testing.B) {
		b.SetBytes(int64(total))
		for range b.N {
			for _, c := range lines {
				e.scan(c)
			}
		}
	})
}
