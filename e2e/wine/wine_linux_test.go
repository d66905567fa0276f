//go:build byleave_wine

package wine

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/google/go-cmp/cmp"
)

// agent is where the installer puts the agent.
const agent = `C:\Program Files\Byleave\byleave.exe`

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// computer is a fresh prefix, and a folder with the programs: the agent as it is shipped, the same for Wine, the installer.
func computer(t *testing.T) (context.Context, *Prefix) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	t.Cleanup(cancel)
	dir, err := os.MkdirTemp("", "byleave-wine-")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	p, err := Open(ctx, dir)
	check(t, err)
	t.Cleanup(func() { check(t, p.Close()) })
	return ctx, p
}

// build puts a program for Windows on drive C.
func build(t *testing.T, ctx context.Context, p *Prefix, to string, args ...string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(p.Path(to)), 0o755))
	cmd := exec.CommandContext(ctx, "go", append(append([]string{args[0]}, "-o", p.Path(to)), args[1:]...)...)
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// good runs a program that must succeed.
func good(t *testing.T, ctx context.Context, p *Prefix, args ...string) string {
	t.Helper()
	out, err := p.Wine(ctx, args...)
	if err != nil {
		t.Fatalf("%v\n%s\nprocesses: shell %v, services %v, service %v", err, out, p.Processes("cmd.exe"), p.Processes("services.exe"), p.Processes("byleave.exe"))
	}
	return out
}

// refused runs a program that must fail with words.
func refused(t *testing.T, ctx context.Context, p *Prefix, words string, args ...string) {
	t.Helper()
	out, err := p.Wine(ctx, args...)
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Fatalf("want %q, got: %v\n%s", words, err, out)
	}
}

// said is the part of a status that the test reads.
type said struct {
	State, Note, Service string
	PausedUntil          time.Time `json:"paused_until"`
}

func status(t *testing.T, ctx context.Context, p *Prefix) (s said) {
	t.Helper()
	out, _ := p.Wine(ctx, agent, "status", "--json") // without an agent it fails, and says so in the answer
	check(t, json.Unmarshal([]byte(out), &s))
	return s
}

// traces are the registry's keys of services and of programs, and all files of drive C but the system's own scratch.
func traces(t *testing.T, ctx context.Context, p *Prefix) (keys, files []string) {
	t.Helper()
	for _, key := range []string{`HKLM\System\CurrentControlSet\Services`, `HKLM\Software`, `HKCU\Software`, `HKCU\Environment`} {
		for line := range strings.Lines(good(t, ctx, p, "reg", "query", key, "/s")) {
			if line = strings.TrimSpace(line); strings.Contains(strings.ToLower(line), "byleave") {
				keys = append(keys, line)
			}
		}
	}
	check(t, filepath.WalkDir(p.Path(""), func(path string, _ fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(p.Path(""), path); err == nil && strings.Contains(strings.ToLower(name), "byleave") && !strings.HasPrefix(name, "setup") {
			files = append(files, name)
		}
		return nil // what goes while it is looked at is gone
	}))
	return keys, files
}

// TestWindowsService: a person's whole way, with the programs that are built for Windows.
func TestWindowsService(t *testing.T) {
	ctx, p := computer(t)
	build(t, ctx, p, "setup/real/byleave.exe", "build", "-trimpath", "../../agent")
	build(t, ctx, p, "setup/byleave.exe", "build", "-trimpath", "-tags", "byleave_wine", "../../agent")
	build(t, ctx, p, "setup/byleave-installer.exe", "build", "-trimpath", "../../installer")
	agents := func() int { return len(p.Processes("byleave.exe", "run")) }
	until := func(what string, ok func() bool) { t.Helper(); check(t, desktop.Until(ctx, what, ok)) }

	// To Wine every file is the one account's own, so the program as it is shipped must refuse to be a program of the system here.
	refused(t, ctx, p, "administrators alone", `C:\setup\real\byleave.exe`, "install")
	refused(t, ctx, p, "administrators alone", `C:\setup\byleave-installer.exe`, "install", "--from", `C:\setup\real`)
	keys, files := traces(t, ctx, p)
	if keys != nil || files != nil {
		t.Fatalf("a refused installation left %q %q", keys, files)
	}

	good(t, ctx, p, `C:\setup\byleave-installer.exe`, "install", "--from", `C:\setup`)
	if out := good(t, ctx, p, "reg", "query", `HKLM\System\CurrentControlSet\Services\byleave`, "/v", "ImagePath"); !strings.Contains(out, `"`+agent+`" service`) {
		t.Errorf("the program of the service is not quoted: %s", out)
	}
	if s := status(t, ctx, p); s.Service != "running" || s.State != "stopped" || agents() != 0 {
		t.Fatalf("nobody enrolled, and there are %d agents: %+v", agents(), s)
	}
	refused(t, ctx, p, "not enrolled", agent, "start")

	enrol(t, ctx, p)
	good(t, ctx, p, agent, "start")
	if s := status(t, ctx, p); s.State != "off" || !strings.Contains(s.Note, "input: unavailable on windows") || agents() != 1 {
		t.Fatalf("after the start there are %d agents: %+v", agents(), s)
	}

	good(t, ctx, p, agent, "pause", "2h")
	if s := status(t, ctx, p); s.PausedUntil.IsZero() {
		t.Fatalf("paused: %+v", s)
	}
	good(t, ctx, p, agent, "resume")
	if s := status(t, ctx, p); !s.PausedUntil.IsZero() {
		t.Fatalf("resumed: %+v", s)
	}
	refused(t, ctx, p, "already runs", agent, "run")

	good(t, ctx, p, agent, "stop")
	if s := status(t, ctx, p); s.State != "stopped" || s.Service != "running" || agents() != 0 {
		t.Fatalf("stopped: %d agents, %+v", agents(), s)
	}
	good(t, ctx, p, agent, "start")

	// An agent that fails is tried again: here at a lock that cannot be taken.
	good(t, ctx, p, agent, "stop")
	home := "users/" + filepath.Base(userFolder(t, p)) + "/AppData/Local/Byleave"
	check(t, os.Remove(p.Path(home+"/lock")))
	check(t, os.MkdirAll(p.Path(home+"/lock/held"), 0o700))
	check(t, p.Start(agent, "start"))
	until("an agent", func() bool { return agents() == 1 })
	until("its end", func() bool { return agents() == 0 })
	check(t, os.RemoveAll(p.Path(home+"/lock")))
	until("another try", func() bool { return status(t, ctx, p).State == "off" })

	good(t, ctx, p, `C:\setup\byleave-installer.exe`, "install", "--from", `C:\setup`) // an upgrade, while it runs
	until("the agent after an upgrade", func() bool { return status(t, ctx, p).State == "off" })
	good(t, ctx, p, `C:\setup\byleave-installer.exe`, "uninstall")
	if n := len(p.Processes("byleave.exe")); n != 0 {
		t.Errorf("%d processes are left", n)
	}
	keys, files = traces(t, ctx, p)
	if keys != nil {
		t.Errorf("the registry still holds %q", keys)
	}
	for i, name := range files { // the person's own keys stay; what else lies in their folder is theirs too
		if strings.HasPrefix(name, home) {
			files[i] = ""
		}
	}
	if diff := cmp.Diff([]string{""}, unique(files)); diff != "" {
		t.Errorf("left behind: %s", diff)
	}
	for _, name := range []string{"run", "start"} {
		if _, err := os.Lstat(filepath.Join(p.Path(home), name)); !os.IsNotExist(err) {
			t.Errorf("%s is left in the person's folder: %v", name, err)
		}
	}
}

// TestAgentsEndWithTheService: also if it dies, nobody's agent goes on without it.
func TestAgentsEndWithTheService(t *testing.T) {
	ctx, p := computer(t)
	build(t, ctx, p, "setup/byleave.exe", "build", "-trimpath", "-tags", "byleave_wine", "../../agent")
	build(t, ctx, p, "setup/byleave-installer.exe", "build", "-trimpath", "../../installer")
	good(t, ctx, p, `C:\setup\byleave-installer.exe`, "install", "--from", `C:\setup`)
	enrol(t, ctx, p)
	good(t, ctx, p, agent, "start")
	check(t, syscall.Kill(p.Processes("byleave.exe", "service")[0], syscall.SIGKILL))
	check(t, desktop.Until(ctx, "the agent to end with its service", func() bool { return len(p.Processes("byleave.exe", "run")) == 0 }))
}

// enrol enrols the one person with a collector of their own.
func enrol(t *testing.T, ctx context.Context, p *Prefix) {
	t.Helper()
	operator, invitation, err := stage.Operator(ctx, stage.Options{Bin: "../../bin"})
	check(t, err)
	t.Cleanup(func() { check(t, operator.Close()) })
	check(t, os.WriteFile(p.Path("setup/passphrase"), []byte("correct horse battery staple\n"), 0o600))
	good(t, ctx, p, agent, "enrol", invitation, "--passphrase-file", `C:\setup\passphrase`)
}

func unique(list []string) (u []string) {
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s], u = true, append(u, s)
		}
	}
	return u
}

// userFolder is the profile of the one account.
func userFolder(t *testing.T, p *Prefix) string {
	t.Helper()
	entries, err := filepath.Glob(p.Path("users/*/AppData"))
	check(t, err)
	if len(entries) != 1 {
		t.Fatalf("profiles: %q", entries)
	}
	return filepath.Dir(entries[0])
}

// TestRoomsInWine runs the tests of the rooms that have code of their own for Windows.
func TestRoomsInWine(t *testing.T) {
	ctx, p := computer(t)
	check(t, os.CopyFS(filepath.Join(p.dir, "home", "testdata"), os.DirFS("../../installer/service/testdata")))
	for _, room := range []struct{ path, tests string }{
		{"../../agent/internal/control", "."}, {"../../installer/service", "."}, {"../../installer/keeper", "."},
		{"../../collector/internal/ingest", "^TestTurn$"}, // of these the rest is the same everywhere
		{"../../collector/internal/store/embed", "^TestLockIsOnes$"}, {"../../collector/internal/export", "^TestLockIsOnes$"},
	} {
		name := filepath.Base(room.path)
		build(t, ctx, p, "setup/"+name+".exe", "test", "-c", "-tags", "byleave_wine", room.path)
		out := good(t, ctx, p, `C:\setup\`+name+".exe", "-test.v", "-test.timeout", "2m", "-test.run", room.tests)
		if !strings.Contains(out, "--- PASS") {
			t.Errorf("%s: %s", name, out)
		}
	}
}
