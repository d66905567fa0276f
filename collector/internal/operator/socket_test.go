//go:build linux

package operator

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
)

// knock connects as another user and says how it went.
func knock(path string) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		fmt.Println("no door:", err)
		return
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		fmt.Println(err)
		return
	}
	n, err := conn.Read(make([]byte, 1))
	fmt.Println("read", n, err)
}

// TestSocketIsForTheOwnUser: the mode keeps others out; where it does not, who connects is asked of the system.
func TestSocketIsForTheOwnUser(t *testing.T) {
	d := newDesk(t)
	info, err := os.Stat(d.path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %o", info.Mode().Perm())
	}
	own, err := net.Dial("unix", d.path)
	must(t, err)
	n, err := own.Read(make([]byte, 1)) // the server's settings frame
	if n != 1 || err != nil {
		t.Fatal("the own user is kept out:", err)
	}
	must(t, own.Close())
	if os.Getuid() != 0 {
		t.Log("only root can knock as somebody else")
		return
	}
	must(t, os.Chmod(filepath.Dir(d.path), 0o755))
	must(t, os.Chmod(d.path, 0o666))
	out, err := asNobody(os.Args[0], childSocket+"="+d.path)
	must(t, err)
	if got := string(out); !strings.HasPrefix(got, "read 0 EOF") {
		t.Fatalf("another user got: %s", got)
	}
	if _, err := d.client.Stats(ctx, &pb.StatsRequest{}); err != nil {
		t.Fatal("the own user is kept out after that:", err)
	}
}

// asNobody runs a copy of a program that another user may run.
func asNobody(program, env string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "knock")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	body, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	copied := filepath.Join(dir, "knock")
	if err := os.WriteFile(copied, body, 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	cmd := exec.Command(copied)
	cmd.Dir, cmd.Env = "/", []string{env}
	beNobody(cmd)
	return cmd.CombinedOutput()
}
