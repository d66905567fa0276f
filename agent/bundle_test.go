package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/proto/bundle"
)

// forms are the ways in which a secret could stand in a text.
func forms(secret []byte) [][]byte {
	var wide []byte
	for _, c := range utf16.Encode([]rune(string(secret))) {
		wide = append(wide, byte(c), byte(c>>8))
	}
	return [][]byte{secret, wide, []byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret))),
		[]byte(base64.StdEncoding.EncodeToString(secret)), []byte(base64.RawURLEncoding.EncodeToString(secret))}
}

func leaks(text []byte, secrets map[string][]byte) (out []string) {
	for name, secret := range secrets {
		for _, form := range forms(secret) {
			if bytes.Contains(text, form) {
				out = append(out, name)
				break
			}
		}
	}
	return out
}

// TestI8AgentBundle: a bundle of an enrolled computer has nothing in it of keys, ids, addresses, applications, the person or the computer; what
// is written is what is listed; and it replaces no file.
func TestI8AgentBundle(t *testing.T) {
	p := newPerson(t)
	home, err := homeDir()
	if err != nil {
		t.Fatal(err)
	}
	id, err := p.keys.Identity()
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"device": id.Device[:], "subject": id.Subject[:], "collector": []byte(id.Collector), "seed": id.Sign.Seed(),
		"certificate": id.TLS.Certificate[0][:40], "folder": []byte(home), "application": []byte("Salary.ods"), "authority": id.CA.Raw[:40]}
	if host, err := os.Hostname(); err == nil && len(host) > 3 { // a shorter one stands in any text
		secrets["host"] = []byte(host)
	}
	var out bytes.Buffer
	file := filepath.Join(t.TempDir(), "help.txt")
	cmd := doctorCommand()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--bundle", file})
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "needs you") { // no agent runs
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// What a running agent says of this instant, and a sentence with every place in it, as the checks may hold them.
	told := bundle.Text(gather(t.Context(), home, []flow.Check{{Name: "agent", OK: true, Words: "runs; it says: not agreed: Salary.ods"},
		{Name: "collector", Words: id.Collector + " in " + home + "/spool: ask to exempt " + strings.Split(id.Collector, ":")[0]}}))
	all := append(append(bytes.Clone(text), out.Bytes()...), told...)
	if found := leaks(all, secrets); len(found) > 0 {
		t.Errorf("it names %v:\n%s", found, all)
	}
	for name, secret := range secrets { // the search finds what is there
		for _, form := range forms(secret) {
			if len(leaks(append(bytes.Clone(text), form...), map[string][]byte{name: secret})) != 1 {
				t.Errorf("the search does not find %s", name)
			}
		}
	}
	n := 0
	for _, name := range []string{"program", "files", "checks", "line", "service"} {
		n++
		if !strings.Contains(out.String(), "\n  "+name+": ") || !bytes.Contains(text, []byte("== "+name+"\n")) {
			t.Errorf("part %s is not listed or not written", name)
		}
	}
	if got := bytes.Count(text, []byte("== ")); got != n {
		t.Errorf("%d parts are written, %d are listed", got, n)
	}
	for _, want := range []string{"identity.json", "certificate: ", "FIX  agent: "} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the bundle lacks %q:\n%s", want, text)
		}
	}
	if bundle.Save(&out, file, nil) == nil {
		t.Error("a file was replaced")
	}
}
