package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const visitEnv = "BYLEAVE_TEST_VISIT"

// TestVisit is what the test binary does when it runs again as another user: it opens an address and says what came.
func TestVisit(t *testing.T) {
	address := os.Getenv(visitEnv)
	if address == "" {
		return
	}
	r, err := http.Get(address)
	if err != nil {
		fmt.Println("visit: refused")
		return
	}
	defer r.Body.Close()
	io.Copy(io.Discard, r.Body)
	defer http.DefaultClient.CloseIdleConnections()
	fmt.Println("visit: answered", r.StatusCode)
}

// TestAnotherUserIsTurnedAway lets another user open a page that answers everybody who gets through. As root the other user is real; a plain
// user cannot become another one, so there the kernel's answer about a stranger's connection is asked for instead.
func TestAnotherUserIsTurnedAway(t *testing.T) {
	if os.Getuid() != 0 {
		for _, ask := range ways {
			if uid, err := ask(netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("127.0.0.1:2")); err == nil {
				t.Fatalf("a connection that does not exist belongs to %d", uid)
			}
		}
		return
	}
	const nobody = 65534
	for _, c := range []struct {
		users []int
		uid   uint32
		want  string
	}{{nil, nobody, "visit: refused"}, {[]int{nobody - 1}, nobody, "visit: refused"}, {[]int{nobody}, nobody, "visit: answered 200"}, {nil, 0, "visit: answered 200"}} {
		address := serve(t, Options{Users: c.users}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		if got := visitAs(t, c.uid, address); got != c.want {
			t.Errorf("user %d where %v may come too: %s", c.uid, c.users, got)
		}
	}
}

func visitAs(t *testing.T, uid uint32, address string) string {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	dir, err := os.MkdirTemp("", "byleave-visit-") // under a folder that nobody may enter
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chmod(dir, 0o755))
	bin := filepath.Join(dir, "visit")
	b, err := os.ReadFile(self)
	must(t, err)
	must(t, os.WriteFile(bin, b, 0o755))
	cmd := exec.Command(bin, "-test.run=^TestVisit$")
	cmd.Env, cmd.Dir = append(os.Environ(), visitEnv+"="+address, "HOME=/nonexistent"), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	out, err := cmd.CombinedOutput()
	must(t, err)
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "visit: ") {
			return strings.TrimSpace(line)
		}
	}
	return "nothing: " + string(out)
}

// ways are those in which the kernel can be asked.
var ways = map[string]func(local, remote netip.AddrPort) (int, error){"tables": ownerInTables, "diag": ownerByDiag}

// TestOwnerIsFound: both kinds of sockets are found, also one of version 6 that speaks version 4. One that its program closed belongs to nobody.
func TestOwnerIsFound(t *testing.T) {
	for _, c := range []struct{ listen, at string }{{"127.0.0.1:0", "127.0.0.1"}, {"[::1]:0", "::1"}, {"127.0.0.1:0", "::ffff:127.0.0.1"}} {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", c.listen)
		if err != nil {
			t.Logf("%s: %v", c.listen, err) // a machine without version 6
			continue
		}
		listener := l.Addr().(*net.TCPAddr).AddrPort()
		if !diagnoses(listener) {
			t.Log("this kernel does not answer for single sockets")
			delete(ways, "diag")
		}
		for name, ask := range ways {
			out := dialAt(t, c.at, listener.Port())
			in, err := l.Accept()
			must(t, err)
			there, here := in.RemoteAddr().(*net.TCPAddr).AddrPort(), in.LocalAddr().(*net.TCPAddr).AddrPort()
			if uid, err := ask(there, here); err != nil || uid != os.Getuid() {
				t.Errorf("%s, by %s: our own connection belongs to %d (%v)", c.at, name, uid, err)
			}
			must(t, unix.Close(out))
			if _, err := in.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if uid, err := ask(there, here); err == nil {
				t.Errorf("%s, by %s: a closed connection belongs to %d", c.at, name, uid)
			}
			in.Close()
		}
		l.Close()
	}
}

// dialAt connects a socket of just the version of the address.
func dialAt(t *testing.T, at string, port uint16) int {
	t.Helper()
	a := netip.MustParseAddr(at)
	family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(port), Addr: a.As16()})
	if a.Is4() {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: int(port), Addr: a.As4()}
	}
	s, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Connect(s, to))
	return s
}
