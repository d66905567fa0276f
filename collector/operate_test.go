//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// forms are the ways in which a secret could stand in a text.
func forms(secret []byte) (out [][]byte) {
	wide := utf16.Encode([]rune(string(secret)))
	both := make([]byte, 0, 2*len(wide))
	for _, c := range wide {
		both = append(both, byte(c), byte(c>>8))
	}
	return [][]byte{secret, both, []byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret))),
		[]byte(base64.StdEncoding.EncodeToString(secret)), []byte(base64.RawURLEncoding.EncodeToString(secret))}
}

// leaks names the secrets that stand in text.
func leaks(text []byte, secrets map[string][]byte) (out []string) {
	for name, secret := range secrets {
		for _, form := range forms(secret) {
			if len(secret) > 3 && bytes.Contains(text, form) {
				out = append(out, name)
				break
			}
		}
	}
	return out
}

// TestI8DoctorBundle: a bundle of a collector that runs has nothing in it of keys, people, devices, addresses or the machine.
func TestI8DoctorBundle(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "person-name")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	r := startCollector(t, dir)
	s := newSender(t, dir, r.addr)
	box, err := seal.Seal(s.seal, make([]byte, 100))
	must(t, err)
	batch := box.Header().Batch
	if got := s.send(t, r.addr, map[string][]byte{string(batch[:]): box.Bytes()}); got[string(batch[:])] != pb.Outcome_OUTCOME_STORED {
		t.Fatal(got)
	}
	host, err := os.Hostname()
	must(t, err)
	secrets := map[string][]byte{"device": s.seal.Device[:], "subject": s.seal.Subject[:], "batch": batch[:], "consent": s.seal.Consent[:],
		"address": []byte(r.addr), "folder": []byte("person-name"), "device's certificate": s.own.Certificate[0]}
	if len(host) > 3 { // a shorter one stands in any text
		secrets["host"] = []byte(host)
	}
	must(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || !strings.HasSuffix(path, ".key") {
			return err
		}
		body, err := os.ReadFile(path)
		must(t, err)
		for i, line := range bytes.Split(body, []byte("\n")) {
			if len(line) > 20 && !bytes.HasPrefix(line, []byte("-----")) {
				secrets[info.Name()+" "+string(rune('a'+i))] = line[len(line)-20:]
			}
		}
		return nil
	}))
	bundle := filepath.Join(t.TempDir(), "help.txt")
	out, err := exec.Command("byleave-collector", "doctor", "--dir", dir, "--bundle", bundle).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "1 check failed") { // there is no policy
		t.Fatalf("%v %s", err, out)
	}
	text, err := os.ReadFile(bundle)
	must(t, err)
	for _, want := range []string{"/healthy: ok", "/ready: ok", "ca.key", "no policy is published", "byleave-collector "} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the bundle lacks %q:\n%s", want, text)
		}
	}
	for _, name := range []string{"program", "files", "checks", "running"} { // what is listed is what is written
		if !bytes.Contains(out, []byte("\n  "+name+": ")) || !bytes.Contains(text, []byte("== "+name+"\n")) {
			t.Errorf("part %s is not listed or not written", name)
		}
	}
	if n := bytes.Count(text, []byte("== ")); n != 4 {
		t.Errorf("%d parts are written, 4 are listed", n)
	}
	if found := leaks(append(text, out...), secrets); len(found) > 0 {
		t.Errorf("it names %v:\n%s\n%s", found, out, text)
	}
	for name, secret := range secrets { // the search finds what is there
		for _, form := range forms(secret) {
			if len(leaks(append(bytes.Clone(text), form...), map[string][]byte{name: secret})) != 1 {
				t.Errorf("the search does not find %s", name)
			}
		}
	}
	if exec.Command("byleave-collector", "doctor", "--dir", dir, "--bundle", bundle).Run() == nil {
		t.Error("a file was replaced")
	}
	r.kill(t)
}

// TestHealthTells: one line each, and no figure that follows what people do.
func TestHealthTells(t *testing.T) {
	alive, ready := error(nil), error(nil)
	h := &health{confined: true, alive: func(context.Context) error { return alive }, ready: func() error { return ready },
		expires: map[string]func() time.Time{"authority": func() time.Time { return time.Unix(7, 0) }, "policy": func() time.Time { return time.Time{} }}}
	ask := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	want := func(path string, code int, text string) {
		t.Helper()
		if c, got := ask(path); c != code || got != text {
			t.Errorf("%s: %d %q, want %d %q", path, c, got, code, text)
		}
	}
	want("/healthy", 200, "ok\n")
	want("/ready", 200, "ok\n")
	ready = io.EOF
	want("/healthy", 200, "ok\n")
	want("/ready", 503, "EOF\n")
	want("/metrics", 200, "# TYPE byleave_healthy gauge\nbyleave_healthy 1\n# TYPE byleave_confined gauge\nbyleave_confined 1\n# TYPE byleave_ready gauge\nbyleave_ready 0\n"+
		"# TYPE byleave_expires_timestamp_seconds gauge\nbyleave_expires_timestamp_seconds{what=\"authority\"} 7\n")
	alive = io.ErrUnexpectedEOF
	want("/healthy", 503, "unexpected EOF\n")
	if c, _ := ask("/boxes"); c != 404 {
		t.Errorf("/boxes: %d", c)
	}
}

// TestI11I12MetricsFollowNobody: what the socket says is the same before and after people enrolled and sent.
func TestI11I12MetricsFollowNobody(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	r := startCollector(t, dir)
	ask := func() (all string) {
		for _, path := range []string{"/healthy", "/ready", "/metrics"} {
			says, err := askHealth(t.Context(), home(dir), path)
			must(t, err)
			all += says + "\n"
		}
		return all
	}
	before := ask()
	s := newSender(t, dir, r.addr)
	for range 3 {
		box, err := seal.Seal(s.seal, make([]byte, 300_000))
		must(t, err)
		s.send(t, r.addr, map[string][]byte{"": box.Bytes()})
	}
	if after := ask(); after != before || !strings.Contains(after, "byleave_ready 1") {
		t.Errorf("before:\n%safter:\n%s", before, after)
	}
	r.kill(t)
}

// TestReload: SIGHUP makes new limits and a new certificate count; limits and a policy that are wrong change nothing and are named, and the last word says
// what was taken over and what was not.
func TestReload(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	cmd := exec.Command("byleave-collector", "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	log, err := cmd.StderrPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := lineReader(log)
	line := <-lineReader(out)
	addr := strings.TrimSpace(strings.TrimPrefix(line, "ready:"))
	serial := func() string {
		// Only the serial number of what is served is read. Whether it verifies is for the enrolled peers of the other tests.
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}})
		must(t, err)
		defer func() { must(t, conn.Close()) }()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	hup := func() (said string) {
		must(t, cmd.Process.Signal(syscall.SIGHUP))
		for line := range lines {
			said += line
			if strings.Contains(line, `"msg":"reloaded`) {
				return said
			}
		}
		t.Fatal("the collector ended")
		return ""
	}
	old := serial()
	must(t, os.WriteFile(filepath.Join(dir, limitsName), []byte("{\n\"memory_mib\": 32}"), 0o600))
	if said := hup(); strings.Contains(said, "refused") || !strings.Contains(said, `"msg":"reloaded","taken":["certificate","limits"]}`) {
		t.Error(said)
	}
	if serial() == old {
		t.Error("the certificate stayed")
	}
	must(t, os.WriteFile(filepath.Join(dir, limitsName), []byte("{\n\"memory_mib\": 1}"), 0o600))
	if said := hup(); !strings.Contains(said, `limits.json: line 2: field \"memory_mib\"`) || !strings.Contains(said, `"taken":["certificate"],"refused":["limits"]}`) {
		t.Error(said)
	}
	must(t, os.WriteFile(filepath.Join(dir, policyName), []byte("noise"), 0o600))
	for range 2 { // also while the same file lies there, of which a second look says nothing
		if said := hup(); !strings.Contains(said, `"taken":["certificate"],"refused":["policy","limits"]}`) {
			t.Error(said)
		}
	}
	must(t, os.Remove(filepath.Join(dir, policyName)))
	must(t, os.Remove(filepath.Join(dir, limitsName)))
	if said := hup(); !strings.Contains(said, `"msg":"reloaded","taken":["certificate","limits"]}`) {
		t.Error(said)
	}
	publish(t, dir, "1", "30")
	if said := hup(); !strings.Contains(said, `"msg":"reloaded","taken":["certificate","policy","limits"]}`) {
		t.Error(said)
	}
	must(t, os.Remove(filepath.Join(dir, policyName)))
	for range 2 { // what is handed out is not what lies there
		if said := hup(); !strings.Contains(said, "the policy's file is gone: the last one is handed out until this collector ends, and then none; put it back") ||
			!strings.Contains(said, `"taken":["certificate","limits"],"refused":["policy"]}`) {
			t.Error(said)
		}
	}
	publish(t, dir, "2", "30")
	if said := hup(); !strings.Contains(said, `"msg":"reloaded","taken":["certificate","policy","limits"]}`) {
		t.Error(said)
	}
	must(t, cmd.Process.Signal(os.Interrupt))
	for range lines { // until it ends
	}
	must(t, cmd.Wait())
}

// TestReloadWhileItStarts: a reload that comes before the collector is ready waits until it is. Unheard, the signal would end the program, and a
// supervisor takes that for an end that was wanted.
func TestReloadWhileItStarts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	limits := filepath.Join(dir, limitsName)
	must(t, syscall.Mkfifo(limits, 0o600))
	cmd := exec.Command("byleave-collector", "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var pipe *os.File
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) { // until it reads its limits
		if pipe, err = os.OpenFile(limits, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it never read its limits:", err)
		}
	}
	must(t, os.Remove(limits))
	must(t, cmd.Process.Signal(syscall.SIGHUP))
	_, err = pipe.WriteString("{}")
	must(t, errors.Join(err, pipe.Close()))
	line := <-lineReader(out)
	if !strings.HasPrefix(line, "ready:") {
		t.Fatalf("%q: %v", line, cmd.Wait())
	}
	must(t, cmd.Process.Signal(os.Interrupt))
	must(t, cmd.Wait())
}

func lineReader(r io.Reader) <-chan string {
	out := make(chan string, 100)
	go func() {
		defer close(out)
		buf, text := make([]byte, 4096), ""
		for {
			n, err := r.Read(buf)
			text += string(buf[:n])
			for {
				line, rest, ok := strings.Cut(text, "\n")
				if !ok {
					break
				}
				out <- line
				text = rest
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}

// TestIPv6Only: enrolment, consent and upload at a collector that has no IPv4 address.
func TestIPv6Only(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Log("this machine has no IPv6; nothing to try")
		return
	}
	must(t, l.Close())
	dir := filepath.Join(t.TempDir(), "d")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	r := startAt(t, dir, "[::1]:0")
	if !strings.HasPrefix(r.addr, "[::1]:") {
		t.Fatalf("it serves at %s", r.addr)
	}
	s := newSender(t, dir, r.addr)
	box, err := seal.Seal(s.seal, make([]byte, 100))
	must(t, err)
	batch := box.Header().Batch
	if got := s.send(t, r.addr, map[string][]byte{"": box.Bytes()}); got[string(batch[:])] != pb.Outcome_OUTCOME_STORED {
		t.Fatal(got)
	}
	r.kill(t)
}
