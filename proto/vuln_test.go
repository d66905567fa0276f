package proto

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// vuln runs .ci/vuln on a package as CI does on the programs, with more in its environment, and gives its words and exit code.
func vuln(t *testing.T, pkg string, env ...string) (string, int) {
	t.Helper()
	cmd := exec.Command("../.ci/vuln", pkg)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestI26NoSilentPass: where the database of vulnerabilities cannot be had, nobody reads that there are none.
func TestI26NoSilentPass(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // the script is for CI, which is none
	}
	empty := t.TempDir()
	for name, env := range map[string][]string{
		"no proxy and an empty cache": {"GOPROXY=off", "GOMODCACHE=" + empty, "GOFLAGS=-modcacherw"},
		"a folder that is none":       {"VULNDB=file://" + filepath.Join(empty, "nowhere")},
		"a folder without entries":    {"VULNDB=file://" + t.TempDir()},
	} {
		out, code := vuln(t, "./proto/code", env...)
		if code != 3 || !strings.Contains(out, "NOT CHECKED") || strings.Contains(out, "No vulnerabilities found") {
			t.Errorf("%s: exit %d, said:\n%s", name, code, out)
		}
	}
}

// planted is an entry of the database for one function of a module; "stdlib" is the standard library.
const planted = `{"schema_version":"1.3.1","id":"ID","modified":"2026-01-01T00:00:00Z","published":"2026-01-01T00:00:00Z",
"summary":"planted","details":"planted","affected":[{"package":{"name":"MODULE","ecosystem":"Go"},
"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"ecosystem_specific":{"imports":[{"path":"PATH","symbols":["SYMBOL"]}]}}],
"database_specific":{"url":"https://pkg.go.dev/vuln/ID"}}`

// TestI26PlantedIsFound: a vulnerable function that is called is found, one that is not called is no finding; a hole in a module fails, one in the
// Go that builds here is told apart from it and said.
func TestI26PlantedIsFound(t *testing.T) {
	if runtime.GOOS == "windows" {
		return
	}
	const lib, module = "stdlib strings", "google.golang.org/protobuf google.golang.org/protobuf/proto"
	for name, c := range map[string]struct {
		pkg   string
		holes map[string]string // function: module and package
		code  int
		words string
	}{
		"a module":             {"./proto/tlog", map[string]string{"MarshalOptions.Marshal": module, "ToTitle": lib}, 1, "update the modules"},
		"the standard library": {"./proto/code", map[string]string{"ToUpper": lib, "Unmarshal": module}, 4, "Ship nothing that it built"},
	} {
		dir := t.TempDir()
		n := 0
		for symbol, where := range c.holes {
			n++
			id := fmt.Sprintf("GO-2026-999%d", n)
			mod, path, _ := strings.Cut(where, " ")
			entry := strings.NewReplacer("ID", id, "SYMBOL", symbol, "MODULE", mod, "PATH", path).Replace(planted)
			if err := os.WriteFile(filepath.Join(dir, id+".json"), []byte(entry), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, code := vuln(t, c.pkg, "VULNDB=file://"+dir)
		if code != c.code || !strings.Contains(out, "Vulnerability #1") || strings.Contains(out, "Vulnerability #2") || !strings.Contains(out, c.words) {
			t.Errorf("%s: exit %d, want %d; said:\n%s", name, code, c.code, out)
		}
	}
}
