package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/elastic/go-seccomp-bpf"
	landlocked "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

func init() {
	programs["collector-without-landlock"] = withoutLandlock
	programs["try-confined"] = tryConfined
}

// withoutLandlock is the collector on a kernel that has no landlock: its calls are refused, as kernels and containers without it do.
func withoutLandlock() {
	filter := seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{DefaultAction: seccomp.ActionAllow,
		Syscalls: []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: []string{"landlock_create_ruleset"}}}}}
	if err := seccomp.LoadFilter(filter); err != nil {
		panic(err)
	}
	main()
}

// tryConfined confines itself to a folder and then tries what a collector that was broken into would: try-confined FOLDER OUTSIDE ADDRESS,
// and a file with keys for one whose store is reached by TCP. It prints what was refused.
func tryConfined() {
	dir, outside, addr := os.Args[1], os.Args[2], os.Args[3]
	var keys []string
	if len(os.Args) > 4 {
		keys = []string{os.Args[4]}
	}
	if err := confine(dir, keys); err != nil {
		fmt.Println(err)
		return
	}
	tries := []struct {
		what string
		do   func() error
	}{
		{"read outside", func() error { _, err := os.ReadFile(filepath.Join(outside, "file")); return err }},
		{"list outside", func() error { _, err := os.ReadDir(outside); return err }},
		{"read the names of hosts", func() error { _, err := os.ReadFile("/etc/hosts"); return err }},
		{"read keys", func() error { _, err := os.ReadFile(filepath.Join(outside, "keys")); return err }},
		{"write outside", func() error { return os.WriteFile(filepath.Join(outside, "new"), nil, 0o600) }},
		{"cut outside", func() error { return os.Truncate(filepath.Join(outside, "file"), 0) }},
		{"remove outside", func() error { return os.Remove(filepath.Join(outside, "file")) }},
		{"through a link", func() error { _, err := os.ReadFile(filepath.Join(dir, "link")); return err }},
		{"run a program", func() error { return exec.Command("/bin/true").Run() }},
		{"run its own program", func() error { return exec.Command(os.Args[0]).Run() }},
		{"make a link", func() error { return os.Symlink(outside, filepath.Join(dir, "new-link")) }},
		{"connect", func() error { return closed(net.Dial("tcp", addr)) }},
		{"listen", func() error {
			var l net.ListenConfig
			l.SetMultipathTCP(false)
			return closed(l.Listen(context.Background(), "tcp", "127.0.0.1:0"))
		}},
		{"signal", func() error { return syscall.Kill(os.Getppid(), 0) }},
	}
	for _, t := range tries {
		if err := t.do(); errors.Is(err, fs.ErrPermission) {
			fmt.Println("refused:", t.what)
		} else {
			fmt.Println("done:", t.what, err)
		}
	}
	if err := writeFile(filepath.Join(dir, "inside"), []byte("fine")); err != nil {
		fmt.Println("inside:", err)
	}
}

func closed(c io.Closer, err error) error {
	if err != nil {
		return err
	}
	return c.Close()
}

// TestConfined: a confined process opens, writes and runs nothing outside its folder, on no thread, and its folder is open to it; only one
// whose store is elsewhere may connect, and read what it needs for that. Where the kernel knows less, that is said.
func TestConfined(t *testing.T) {
	for name, reaching := range map[string]bool{"folder": false, "elsewhere": true} {
		t.Run(name, func(t *testing.T) { testConfined(t, reaching) })
	}
}

func testConfined(t *testing.T, reaching bool) {
	dir, outside := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "file"), []byte("secret"), 0o600))
	must(t, os.Symlink(filepath.Join(outside, "file"), filepath.Join(dir, "link")))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	args := []string{dir, outside, l.Addr().String()}
	must(t, os.WriteFile(filepath.Join(outside, "keys"), nil, 0o600))
	if reaching {
		args = append(args, filepath.Join(outside, "keys"))
	}
	out, err := exec.Command("try-confined", args...).CombinedOutput()
	must(t, err)
	version, err := landlocked.LandlockGetABIVersion()
	if err != nil || version < 1 {
		if strings.TrimSpace(string(out)) != errUnconfined.Error() {
			t.Fatalf("no landlock here, and it says:\n%s", out)
		}
		return
	}
	refused := map[string]bool{"read outside": true, "list outside": true, "write outside": true, "remove outside": true, "through a link": true,
		"run a program": true, "run its own program": true, "make a link": true, "cut outside": version >= 3,
		"connect": version >= 4 && !reaching, "listen": version >= 4 && !reaching, "signal": version >= 6, "read the names of hosts": !reaching, "read keys": !reaching}
	for what, want := range refused {
		if got := strings.Contains(string(out), "refused: "+what+"\n"); got != want {
			t.Errorf("landlock %d, %s: refused %v, want %v", version, what, got, want)
		}
	}
	if strings.Contains(string(out), "inside:") {
		t.Error("its own folder is closed to it")
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
	if b, err := os.ReadFile(filepath.Join(outside, "file")); err != nil || string(b) != "secret" {
		t.Errorf("the file outside: %q, %v", b, err)
	}
}

// TestServeIsConfined: a collector that serves cannot be led out of its folder by what lies in it; without landlock it serves all the same,
// and says that it is not confined.
func TestServeIsConfined(t *testing.T) {
	version, err := landlocked.LandlockGetABIVersion()
	for program, confined := range map[string]bool{"byleave-collector": err == nil && version > 0, "collector-without-landlock": false} {
		t.Run(program, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
			outside := filepath.Join(t.TempDir(), "limits")
			must(t, os.WriteFile(outside, []byte("{\n\"memory_mib\": 32}"), 0o600))
			must(t, os.Symlink(outside, filepath.Join(dir, limitsName)))
			cmd := exec.Command(program, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
			log, err := cmd.StderrPipe()
			must(t, err)
			must(t, cmd.Start())
			lines := bufio.NewScanner(log)
			until := func(what string) (said string) {
				for lines.Scan() {
					said += lines.Text() + "\n"
					if strings.Contains(lines.Text(), what) {
						return said
					}
				}
				t.Fatalf("it ended before it said %q:\n%s", what, said)
				return ""
			}
			said := until(`"ready"`)
			if got := strings.Contains(said, "confined to its folder"); got != confined || got == strings.Contains(said, "this kernel has no landlock") {
				t.Errorf("confined: %v, want %v:\n%s", got, confined, said)
			}
			metrics, err := askHealth(t.Context(), home(dir), "/metrics")
			must(t, err)
			if got := strings.Contains(metrics, "byleave_confined 1"); got != confined {
				t.Errorf("the metrics say %v", got)
			}
			must(t, cmd.Process.Signal(unix.SIGHUP))
			if got := strings.Contains(until(`"msg":"reloaded`), "permission denied"); got != confined {
				t.Errorf("a file outside was refused: %v, want %v", got, confined)
			}
			must(t, cmd.Process.Signal(os.Interrupt))
			for lines.Scan() { // until it ends
			}
			must(t, cmd.Wait())
		})
	}
}
