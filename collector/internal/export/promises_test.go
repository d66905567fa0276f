package export

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/byleave/byleave/proto/pb"
)

// unpacked is everything that a file holds: its bytes, and of rows each value of each column, and what is said of the file.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	raw := read(t, name)
	if filepath.Ext(name) != ".parquet" {
		return raw
	}
	out := strings.Builder{}
	out.WriteString(raw)
	f, err := parquet.OpenFile(strings.NewReader(raw), int64(len(raw)))
	fatal(t, err)
	about, err := json.Marshal(f.Metadata())
	fatal(t, err)
	out.Write(about)
	for _, g := range f.RowGroups() {
		rows := g.Rows()
		buf := make([]parquet.Row, 1)
		for {
			n, err := rows.ReadRows(buf)
			if n == 0 {
				break
			}
			for _, v := range buf[0] {
				out.WriteString("\n" + v.String())
			}
			if err != nil {
				break
			}
		}
		fatal(t, rows.Close())
	}
	return out.String()
}

// TestI24FormatsAreUnlinkable: in no format do two exports of the same boxes share a file, a name of a picture or of a sample, and none holds an id of ours, a
// time, or who ran it where; the hash of every file stands in the manifest, and nobody else may read one.
func TestI24FormatsAreUnlinkable(t *testing.T) {
	w := newWorld(t, 1)
	mixed(t, w)
	secrets := map[string]string{"the time of the boxes": "1800000000", "the place of the export": "I24FormatsAreUnlinkable"}
	if host, err := os.Hostname(); err == nil && len(host) > 8 {
		secrets["the name of the computer"] = host
	}
	if u, err := user.Current(); err == nil && len(u.Name) > 8 {
		secrets["the name of the custodian"] = u.Name
	}
	for _, r := range w.boxes {
		h := w.mustParse(t, slices.Index(w.boxes, r)).Header()
		for what, id := range map[string][]byte{"batch": h.Batch[:], "subject": h.Subject[:], "device": h.Device[:], "key": r.GetSigningKey()} {
			secrets["an id, plain: "+what+hex.EncodeToString(id)], secrets["an id in hex: "+what+hex.EncodeToString(id)] = string(id), hex.EncodeToString(id)
			secrets["an id in base64: "+what+hex.EncodeToString(id)] = base64.StdEncoding.EncodeToString(id)[:20]
		}
	}
	for _, f := range Formats {
		t.Run(string(f), func(t *testing.T) {
			var all [2]map[string]bool // hashes, and names of pictures and samples
			for i := range all {
				all[i] = map[string]bool{}
				dir := filepath.Join(t.TempDir(), "x")
				m, err := w.exportAs(t, f, dir)
				fatal(t, err)
				found := looksPrivate(t, dir, m, secrets)
				if !strings.Contains(found, "one 3") || !strings.Contains(found, "日本") {
					t.Error("the control: what was typed is not found, so the search does not look inside")
				}
				for _, word := range strings.FieldsFunc(found, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef-", r) }) {
					if len(word) > 16 { // names of frames and samples, of the export and its releases, and in the manifest the hashes of files
						all[i][word] = true
					}
				}
				for name, sum := range m.Files {
					if f == JSONL && strings.HasPrefix(name, f.data()) { // one without a picture may read the same in another export
						delete(all[i], sum)
					}
				}
			}
			policy := hex.EncodeToString(append([]byte{9}, make([]byte, 31)...))
			for word := range all[0] {
				if all[1][word] && word != policy && strings.Trim(word, "0123456789") != "" {
					t.Errorf("%s stands in both exports", word)
				}
			}
			if len(all[0]) < 12 {
				t.Errorf("only %d names and hashes are compared", len(all[0]))
			}
		})
	}
}

// TestI24FilesWithoutPicturesAreUnlinkable: where pictures stand in the files of the steps, a file without one is another in each export, too.
func TestI24FilesWithoutPicturesAreUnlinkable(t *testing.T) {
	w := newWorld(t, 1)
	w.seal(t, w.newDevice(t), &pb.Payload{Schema: 1, Session: make([]byte, 16), Events: clicked(t, "a", 1).GetEvents()[1:]})
	for _, f := range []Format{Parquet, WebDataset} {
		one, err := w.exportAs(t, f, filepath.Join(t.TempDir(), "1"))
		fatal(t, err)
		two, err := w.exportAs(t, f, filepath.Join(t.TempDir(), "2"))
		fatal(t, err)
		if name := "data/000001." + f.end(); one.Files[name] == two.Files[name] || one.Files[name] == "" || one.Frames != 0 || one.Actions != 1 {
			t.Errorf("%s: %s has the hash %q in both", f, name, one.Files[name])
		}
	}
}

// looksPrivate holds what stands in an export against secrets, and its manifest against its files. It returns all that stands in it.
func looksPrivate(t *testing.T, dir string, m Manifest, secrets map[string]string) string {
	t.Helper()
	var found strings.Builder
	for _, name := range names(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		fatal(t, err)
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", name, info.Mode())
		}
		text := unpacked(t, filepath.Join(dir, name))
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", name, what)
			}
		}
		sum := sha256.Sum256([]byte(read(t, dir, name)))
		if name != manifestName && m.Files[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: hash %q", name, m.Files[name])
		}
		found.WriteString(text)
	}
	if len(names(t, dir)) != len(m.Files)+1 {
		t.Errorf("files %v, in the manifest %v", names(t, dir), m.Files)
	}
	return found.String()
}

// TestFormatsLeaveOutWhatWasTakenBack: what was taken back between a cut and its end is in no format, also where it had been written already.
func TestFormatsLeaveOutWhatWasTakenBack(t *testing.T) {
	for _, f := range []Format{Parquet, WebDataset} {
		w := newWorld(t, 1)
		d, other := w.newDevice(t), w.newDevice(t)
		for i := range 3 {
			w.seal(t, d, clicked(t, "stays", uint8(i)))
			w.seal(t, other, clicked(t, "taken back", uint8(100+i)))
		}
		w.cutAt = 4
		dir := filepath.Join(t.TempDir(), "x")
		if _, err := w.exportAs(t, f, dir); err == nil {
			t.Fatal("it was not cut off")
		}
		fatal(t, os.WriteFile(filepath.Join(dir, f.data(), "000007."+f.end()), []byte("taken back"), 0o600)) // as a death while all is joined leaves it
		if _, err := w.exportAs(t, JSONL, dir); err == nil || !strings.Contains(err.Error(), "format "+string(f)) {
			t.Errorf("it went on in another format: %v", err)
		}
		for i := 0; i < len(w.boxes); i++ {
			if bytes.Equal(w.boxes[i].GetSigningKey(), other.params.Sign.Public().(ed25519.PublicKey)) {
				w.boxes, w.vaults = slices.Delete(w.boxes, i, i+1), slices.Delete(w.vaults, i, i+1)
				i--
			}
		}
		m, err := w.exportAs(t, f, dir)
		fatal(t, err)
		found := looksPrivate(t, dir, m, map[string]string{"what was taken back": "taken back"})
		if m.Boxes != 3 || m.People != 1 || m.Frames != 3 || len(m.Files) != 2 || !strings.Contains(found, "stays") {
			t.Errorf("%+v", m)
		}
	}
}
