package keystore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFolderAndFilesArePrivate(t *testing.T) {
	s := enrolled(t)
	if err := s.SavePause(nil); err != nil {
		t.Fatal(err)
	}
	if err := s.SavePolicy([]byte("policy")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", d.Name(), info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLooseFolderIsRefused(t *testing.T) {
	for _, mode := range []fs.FileMode{0o701, 0o710, 0o740, 0o755, 0o777} {
		dir := t.TempDir()
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir)
		if !errors.Is(err, ErrLoose) || !strings.Contains(err.Error(), "chmod 700 "+dir) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestLooseFileIsRefused(t *testing.T) {
	for _, mode := range []fs.FileMode{0o604, 0o640, 0o644, 0o660} {
		s := enrolled(t)
		path := filepath.Join(s.dir, identityFile)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := s.Identity()
		if !errors.Is(err, ErrLoose) || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: %v", mode, err)
		}
		if !s.Enrolled() {
			t.Errorf("mode %o: an unreadable identity looks like none, and would be enrolled over", mode)
		}
	}
}

func TestLinksPipesAndFoldersAreRefused(t *testing.T) {
	s := open(t)
	secret := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.WriteFile(secret, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(s.dir, identityFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Identity(); err == nil || errors.Is(err, ErrNotEnrolled) {
		t.Errorf("a link: %v", err)
	}
	if err := os.Mkdir(filepath.Join(s.dir, policyFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Policy(); !errors.Is(err, ErrLoose) {
		t.Errorf("a folder: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(s.dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(link); err == nil {
		t.Error("the key folder may be a link")
	}
}

func TestAnotherOwnerIsRefused(t *testing.T) {
	info, err := os.Lstat(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := private(strange{info}, "/keys", "chmod 700"); !errors.Is(err, ErrLoose) || !strings.Contains(err.Error(), "another user") {
		t.Fatalf("unknown owner: %v", err)
	}
	if os.Getuid() != 0 {
		return // only root can give a folder away; the owner check itself was tested above
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrLoose) || !strings.Contains(err.Error(), "another user") {
		t.Fatalf("nobody's folder: %v", err)
	}
}

// strange is a file whose owner cannot be told.
type strange struct{ fs.FileInfo }

func (strange) Sys() any { return nil }

func TestUnfinishedSaveIsSweptAndNeverTheState(t *testing.T) {
	s := open(t)
	if err := s.SavePolicy([]byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, ".new-123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, ".new-123")); err != nil {
		t.Fatal("what another process is saving just now was taken away:", err)
	}
	long := time.Now().Add(-2 * leftBehind)
	if err := os.Chtimes(filepath.Join(s.dir, ".new-123"), long, long); err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := again.Policy()
	if err != nil || string(got) != "one" || len(left) != 1 {
		t.Fatalf("policy %q, %d files, %v", got, len(left), err)
	}
}

func TestFailedSaveKeepsTheOldFile(t *testing.T) {
	s := open(t)
	if err := os.MkdirAll(filepath.Join(s.dir, policyFile, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.SavePolicy([]byte("new")); err == nil {
		t.Fatal("a save over a full folder succeeded")
	}
	left, err := os.ReadDir(s.dir)
	if err != nil || len(left) != 1 {
		t.Fatalf("the failed save left something behind: %v %v", left, err)
	}
}

func TestOversizeFileIsDamaged(t *testing.T) {
	s := open(t)
	if err := os.WriteFile(filepath.Join(s.dir, policyFile), make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Policy(); !errors.Is(err, ErrDamaged) {
		t.Fatalf("oversize: %v", err)
	}
}

func TestPolicyAndConsentComeBack(t *testing.T) {
	s := open(t)
	if p, err := s.Policy(); p != nil || err != nil {
		t.Fatalf("before: %q %v", p, err)
	}
	if c, p, err := s.Consent(); c != nil || p != nil || err != nil {
		t.Fatalf("before: %q %q %v", c, p, err)
	}
	for _, version := range []string{"1", "2"} {
		if err := s.SaveConsent([]byte("consent"+version), []byte("policy"+version)); err != nil {
			t.Fatal(err)
		}
		c, p, err := s.Consent()
		if d := cmp.Diff([]string{"consent" + version, "policy" + version}, []string{string(c), string(p)}); d != "" || err != nil {
			t.Fatal(d, err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, consentFile), []byte(`{"consent":"YQ=="}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Consent(); !errors.Is(err, ErrDamaged) {
		t.Fatalf("consent without its policy: %v", err)
	}
}
