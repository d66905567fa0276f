package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const passphrase = "correct horse battery staple"

// byleave runs a command as its person does, with the passphrase in a file.
func byleave(t *testing.T, args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passphrase")
	must(t, os.WriteFile(file, []byte(passphrase+"\n"), 0o600))
	cmd := command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append(args, "--passphrase-file", file))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// foreign is a box for the person that another computer sealed, and one of this computer for another person.
func (r *recording) foreign() {
	id, err := r.p.keys.Identity()
	must(r.p.t, err)
	other, err := hpke.MLKEM768X25519().GenerateKey()
	must(r.p.t, err)
	custodian, err := hpke.MLKEM768X25519().GenerateKey()
	must(r.p.t, err)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	must(r.p.t, err)
	p := payload(time.Now().Add(-time.Hour), 5)
	add(p, 1, typed("editor", "", "planted by a stranger"))
	body, err := proto.Marshal(p)
	must(r.p.t, err)
	for i, who := range []struct {
		person hpke.PublicKey
		sign   ed25519.PrivateKey
	}{{id.PersonKey, stranger}, {other.PublicKey(), id.Sign}} {
		b, err := seal.Seal(seal.Params{
			Subject: id.Subject, Device: id.Device, Consent: [16]byte{3}, Policy: [32]byte{4}, Purpose: "train-agents", Sequence: 1000 + uint64(i),
			Custodians: []hpke.PublicKey{custodian.PublicKey()}, Vault: id.VaultKey, Person: who.person, Sign: who.sign,
		}, body)
		must(r.p.t, err)
		r.write(b, p, false)
	}
}

// TestI22ExportIsWhole: the manifests are exactly the boxes of the spool, hash by hash; whatever else lies there is named by the
// manifest, and what does not open is there as it was and hides nothing.
func TestI22ExportIsWhole(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	p.agree(map[string]policy.Classes{"editor": classes(policy.Pointer)})
	r := p.record()
	names := append(r.workday(time.Now().AddDate(0, 0, -1)), r.workday(time.Now().AddDate(0, 0, -40))...)
	must(t, os.Truncate(filepath.Join(r.dir, names[3]), 700))
	must(t, os.MkdirAll(filepath.Join(r.dir, "quarantine"), 0o700))
	must(t, os.Rename(filepath.Join(r.dir, names[4]), filepath.Join(r.dir, "quarantine", names[4])))
	must(t, os.WriteFile(filepath.Join(r.dir, "..%2f..evil"), []byte("x"), 0o600))
	r.foreign()

	dir := filepath.Join(t.TempDir(), "mine")
	out, err := byleave(t, "export-mine", dir)
	must(t, err)
	if !strings.Contains(out, "Wrote 15 boxes") || !strings.Contains(out, "4 do not open") {
		t.Errorf("it says %q", out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	must(t, err)
	var man rights.Manifest
	must(t, json.Unmarshal(b, &man))

	want := map[string]bool{} // SHA-256 of every box in the spool
	must(t, filepath.WalkDir(r.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, ".span") {
			return err
		}
		want[hashOf(t, path)] = true
		return nil
	}))
	events := 0
	for _, box := range man.Boxes {
		if !want[box.SHA256] {
			t.Errorf("%s is in the manifest and not in the spool", box.File)
		}
		delete(want, box.SHA256)
		events += box.Events
		for _, f := range box.Frames {
			if hashOf(t, filepath.Join(dir, "frames", f+".png")) != f {
				t.Errorf("picture %s is another", f)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("%d boxes of the spool are not in the manifest", len(want))
	}
	listed := map[string]string{}
	for _, f := range man.Files {
		listed[filepath.FromSlash(f.Path)] = f.SHA256
	}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(dir, path)
		if err != nil || e.IsDir() || rel == "manifest.json" {
			return errors.Join(err, relErr)
		}
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %v %v", rel, info.Mode(), err)
		}
		if listed[rel] != hashOf(t, path) {
			t.Errorf("%s is not in the manifest as it is", rel)
		}
		delete(listed, rel)
		return nil
	}))
	if len(listed) > 0 {
		t.Errorf("in the manifest alone: %v", listed)
	}
	lines := readLines(t, filepath.Join(dir, "events.jsonl"))
	if len(lines) != events || events != 11*4 {
		t.Errorf("%d lines of %d events; 11 boxes of 4 open", len(lines), events)
	}
	all := strings.Join(lines, "\n")
	if strings.Contains(all, "planted") || !strings.Contains(all, "Please pay <IBAN#1> by Friday") {
		t.Error("what a stranger planted is taken for the person's, or what is the person's is missing")
	}
	receipts, err := filepath.Glob(filepath.Join(dir, "receipts", "*.json"))
	must(t, err)
	if len(receipts) != 1 {
		t.Errorf("%d receipts", len(receipts))
	}
}

// TestExportOverwritesNothing: a folder that holds something is refused and stays as it is.
func TestExportOverwritesNothing(t *testing.T) {
	p := newPerson(t)
	p.record().workday(time.Now().AddDate(0, 0, -1))
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "events.jsonl"), []byte("mine"), 0o600))
	if _, err := byleave(t, "export-mine", dir); !errors.Is(err, rights.ErrNotEmpty) {
		t.Fatalf("a folder that holds something was taken: %v", err)
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	must(t, err)
	if len(entries) != 1 || string(b) != "mine" {
		t.Errorf("the folder was changed: %v", entries)
	}
}

// TestShowIsExact: what show prints, read back, is the payload that was sealed, but for the bytes of its pictures.
func TestShowIsExact(t *testing.T) {
	p := newPerson(t)
	r := p.record()
	day := payload(time.Now().Add(-time.Hour).Truncate(100*time.Millisecond), 9)
	add(day, 1, click(day, "editor", "title \u202e\u009b2J\U000e0041", 120, 96))
	add(day, 2, typed("editor", "t", "one <CARD#1>", &pb.Span{Start: 4, End: 12, Class: "CARD", Id: 1}))
	name := r.box(day, false)
	later := payload(time.Now(), 9)
	add(later, 1, typed("editor", "t", "two"))
	r.box(later, false)
	batch := strings.TrimSuffix(name[17:], ".box")
	for _, args := range [][]string{{"show", "--as-sent", "--json"}, {"show", batch[:8], "--json"}} {
		out, err := byleave(t, args...)
		must(t, err)
		if strings.ContainsAny(out, "\u202e\u009b\U000e0041") {
			t.Errorf("%v prints what a terminal obeys", args)
		}
		var got shown
		must(t, json.Unmarshal([]byte(out), &got))
		read := new(pb.Payload)
		must(t, protojson.Unmarshal(got.Payload, read))
		want := proto.CloneOf(day)
		for i, f := range want.Frames {
			if pic := got.Frames[i]; pic.Name != hex.EncodeToString(f.Sha256)+".png" || pic.Bytes != len(f.Image) {
				t.Errorf("picture %d is named %v", i, pic)
			}
			f.Image = nil
		}
		if got.Batch != batch || got.State != "held" || !proto.Equal(read, want) || len(got.Frames) != len(want.Frames) {
			t.Errorf("%v prints another box than was sealed:\n%s", args, out)
		}
	}
	if out, err := byleave(t, "show", "--as-sent"); err != nil || strings.Contains(out, "\u202e") || !strings.Contains(out, "one <CARD#1>") {
		t.Errorf("for reading: %v\n%s", err, out)
	}
	for _, args := range [][]string{{"show"}, {"show", "--as-sent", batch}} {
		if _, err := byleave(t, args...); err == nil || !isMisuse(err) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if _, err := byleave(t, "show", "ffff"); err == nil {
		t.Error("a box that is not there is shown")
	}
}

func hashOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func readLines(t *testing.T, path string) (out []string) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		out = append(out, s.Text())
	}
	must(t, s.Err())
	return slices.Clip(out)
}
