package proto

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// vuln runs .ci/vuln as CI does, with more in its environment, and gives its words and exit code.
func vuln(t *testing.T, env ...string) (string, int) {
	t.Helper()
	cmd := exec.Command("../.ci/vuln", "./proto/code")
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
		out, code := vuln(t, env...)
		if code != 3 || !strings.Contains(out, "NOT CHECKED") || strings.Contains(out, "No vulnerabilities found") {
			t.Errorf("%s: exit %d, said:\n%s", name, code, out)
		}
	}
}

// planted is an entry of the database for a function of the standard library.
const planted = `{"schema_version":"1.3.1","id":"ID","modified":"2026-01-01T00:00:00Z","published":"2026-01-01T00:00:00Z",
"summary":"planted","details":"planted","affected":[{"package":{"name":"stdlib","ecosystem":"Go"},
"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"ecosystem_specific":{"imports":[{"path":"strings","symbols":["SYMBOL"]}]}}],
"database_specific":{"url":"https://pkg.go.dev/vuln/ID"}}`

// TestI26PlantedIsFound: a vulnerable function that is called is found and fails; one that is not called is no finding.
func TestI26PlantedIsFound(t *testing.T) {
	if runtime.GOOS == "windows" {
		return
	}
	dir := t.TempDir()
	for id, symbol := range map[string]string{"GO-2026-9998": "ToUpper", "GO-2026-9999": "ToTitle"} { // proto/code calls the first one
		entry := strings.NewReplacer("ID", id, "SYMBOL", symbol).Replace(planted)
		if err := os.WriteFile(filepath.Join(dir, id+".json"), []byte(entry), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, code := vuln(t, "VULNDB=file://"+dir)
	if code != 1 || !strings.Contains(out, "Vulnerability #1: GO-2026-9998") || strings.Contains(out, "Vulnerability #2") {
		t.Errorf("exit %d; said:\n%s", code, out)
	}
}
