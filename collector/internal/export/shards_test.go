package export

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// play is what a sink is given: sessions of people, each of so many steps with a picture of so many bytes before and after.
type play struct{ person, steps, picture int }

// stagedSink makes a sink over pictures, and plays.
func stagedSink(t *testing.T, sizes shards, f Format, plays []play) (dir string, payload int64) {
	t.Helper()
	dir = t.TempDir()
	sizes.dir, sizes.stage = filepath.Join(dir, "data"), dir
	for _, sub := range []string{"data", "frames"} {
		fatal(t, os.Mkdir(filepath.Join(dir, sub), 0o700))
	}
	var out sink = &tarSink{shards: &sizes, export: "01234567"}
	if f == Parquet {
		out = &parquetSink{shards: &sizes, groupSize: sizes.shardSize / 4}
	}
	random := rand.NewChaCha8([32]byte{})
	for i, p := range plays {
		fatal(t, out.begin(p.person, int64(p.steps*2*p.picture)))
		for j := range p.steps {
			s := Step{Person: p.person, Session: i + 1, Kind: "click", Title: fmt.Sprint(j)}
			for n, frame := range []**Frame{&s.Before, &s.After} {
				body := make([]byte, p.picture)
				random.Read(body)
				*frame = &Frame{File: fmt.Sprintf("frames/%d.%d.%d.png", i, j, n)}
				fatal(t, os.WriteFile(filepath.Join(dir, (*frame).File), body, 0o600))
				payload += int64(p.picture)
			}
			fatal(t, out.step(s))
		}
	}
	fatal(t, out.close())
	return dir, payload
}

// rowGroups are the sessions of each row group of each file.
func rowGroups(t *testing.T, dir string) (out [][]string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "data", "*.parquet"))
	fatal(t, err)
	for _, name := range files {
		b := []byte(read(t, name))
		f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
		fatal(t, err)
		out = append(out, []string{filepath.Base(name)})
		for _, g := range f.RowGroups() {
			rows, said := g.Rows(), ""
			for buf := make([]parquet.Row, 1); ; {
				n, err := rows.ReadRows(buf)
				if err != nil && !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
				if session := fmt.Sprint(buf[0][1].Int64(), " "); !strings.HasSuffix(said, session) {
					said += session
				}
			}
			fatal(t, rows.Close())
			out[len(out)-1] = append(out[len(out)-1], said)
		}
	}
	return out
}

// TestSessionsStayWhole: a session lies in one row group and in one file as long as it fits, files and row groups are as large as they may be and not much
// larger, and a session that is too long is cut, and only that one.
func TestSessionsStayWhole(t *testing.T) {
	const k = 8 << 10
	plays := []play{{1, 5, k}, {1, 5, k}, {1, 10, k}, {2, 20, k}, {2, 100, k}, {3, 1, k}, {3, 12, k}, {3, 3, k}, {4, 14, k}, {4, 14, k}, {4, 14, k}, {5, 14, k}, {5, 14, k}, {5, 14, k}} // a row group holds 16 steps, a file 64
	dir, _ := stagedSink(t, shards{shardSize: 128 * k}, Parquet, plays)
	var steps []int
	groups := rowGroups(t, dir)
	at := map[string]int{} // where each session lies
	for _, file := range groups {
		for _, g := range file[1:] {
			for _, s := range strings.Fields(g) {
				at[s]++
			}
		}
	}
	for i, p := range plays {
		switch n := at[fmt.Sprint(i+1)]; {
		case p.steps <= 14 && n != 1:
			t.Errorf("session %d of %d steps lies in %d row groups: %q", i+1, p.steps, n, groups)
		case p.steps > 16 && n < 2:
			t.Errorf("session %d of %d steps lies in one row group: %q", i+1, p.steps, groups)
		}
		steps = append(steps, p.steps)
	}
	if len(groups) < 4 || len(groups) > 8 {
		t.Errorf("%v steps lie in %q", steps, groups)
	}
	for _, f := range []Format{Parquet, WebDataset} {
		dir, payload := stagedSink(t, shards{shardSize: 128 * k}, f, plays)
		files, err := filepath.Glob(filepath.Join(dir, "data", "*"))
		fatal(t, err)
		for i, name := range files {
			info, err := os.Stat(name)
			fatal(t, err)
			if filepath.Base(name) != fmt.Sprintf("%06d.%s", i+1, f.end()) || info.Size() > 150*k {
				t.Errorf("%s has %d bytes", filepath.Base(name), info.Size())
			}
		}
		for session, n := range inArchives(t, files) {
			if plays[session-1].steps <= 50 && n != 1 {
				t.Errorf("%s: session %d lies in %d files", f, session, n)
			}
		}
		if least := int(payload / (128 * k)); len(files) < least || len(files) > 3*least {
			t.Errorf("%s: %d files of %d bytes", f, len(files), payload)
		}
	}
}

// inArchives counts the archives in which each session lies.
func inArchives(t *testing.T, files []string) map[int]int {
	t.Helper()
	out := map[int]int{}
	for _, name := range files {
		within := map[int]bool{}
		r := tar.NewReader(strings.NewReader(read(t, name)))
		for h, err := r.Next(); filepath.Ext(name) == ".tar" && err == nil; h, err = r.Next() {
			var s Step
			if strings.HasSuffix(h.Name, ".json") {
				fatal(t, json.NewDecoder(r).Decode(&s))
				within[s.Session] = true
			}
		}
		for session := range within {
			out[session]++
		}
	}
	return out
}

// TestPicturesStandOnceInAFile: a picture is neither compressed again nor in a dictionary nor in a statistic, so that a file is not larger than what is in it.
func TestPicturesStandOnceInAFile(t *testing.T) {
	dir, payload := stagedSink(t, shards{shardSize: shardSize}, Parquet, []play{{1, 40, 50_000}})
	b := []byte(read(t, dir, "data/000001.parquet"))
	if over := float64(len(b)) / float64(payload); over > 1.02 {
		t.Errorf("%d bytes for pictures of %d: %.3f times", len(b), payload, over)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	fatal(t, err)
	pictures := 0
	for _, c := range f.Metadata().RowGroups[0].Columns {
		about := c.MetaData
		name := strings.Join(about.PathInSchema, ".")
		if slices.ContainsFunc(about.Encoding, func(e format.Encoding) bool { return e != format.Plain && e != format.RLE }) {
			t.Errorf("%s is encoded as %v", name, about.Encoding)
		}
		if !strings.HasSuffix(name, "image.bytes") {
			if about.Codec != format.Zstd {
				t.Errorf("%s is packed by %v", name, about.Codec)
			}
			continue
		}
		pictures++
		if about.Codec != format.Uncompressed || len(about.Statistics.MaxValue)+len(about.Statistics.Max) > 0 {
			t.Errorf("%s is packed by %v, its largest is told in %d bytes", name, about.Codec, len(about.Statistics.MaxValue)+len(about.Statistics.Max))
		}
	}
	if pictures != 2 {
		t.Errorf("%d columns of pictures", pictures)
	}
	if by := f.Metadata().CreatedBy; by != "byleave version 1(build )" {
		t.Errorf("it says that %q made it", by)
	}
}
