package service

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// packages is what the machine needs to boot, to let a person log in, and to show them an editor that can be recorded.
const packages = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,xvfb,xauth,openbox,xdotool," +
	"mousepad,at-spi2-core,libglib2.0-bin,fonts-dejavu-core"

// tree returns the folder of the machine's tree and builds it if this machine has none yet, which takes a minute or two.
func tree(ctx context.Context) (string, error) {
	suite, sources, err := mirror(ctx)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("service: find a cache folder; set HOME or XDG_CACHE_HOME: %w", err)
	}
	cache = filepath.Join(cache, "byleave-e2e")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", fmt.Errorf("service: the cache: %w", err)
	}
	key := sha256.Sum256([]byte(suite + packages))
	dir := filepath.Join(cache, fmt.Sprintf("machine-%s-%x", suite, key[:6]))
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, build(ctx, dir, suite, sources)
}

// build makes the tree beside its place and moves it there when it is whole.
func build(ctx context.Context, dir, suite, sources string) error {
	half := dir + ".half"
	if err := os.RemoveAll(half); err != nil {
		return fmt.Errorf("service: a tree that was not finished: %w", err)
	}
	cmd := exec.CommandContext(ctx, "mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--include="+packages, suite, half, "-")
	cmd.Stdin = strings.NewReader(sources)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("service: build the machine's tree (make deps installs mmdebstrap): %w: %s", err, out), os.RemoveAll(half))
	}
	// A person who logs out is gone at once; a second login is then a new one.
	conf := filepath.Join(half, "etc/systemd/logind.conf.d/byleave.conf")
	if err := os.MkdirAll(filepath.Dir(conf), 0o755); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	if err := os.WriteFile(conf, []byte("[Login]\nUserStopDelaySec=0\n"), 0o644); err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return os.Rename(half, dir)
}

// mirror asks apt where this machine has its own packages from, and lets it fetch their lists if it has none.
func mirror(ctx context.Context) (suite, sources string, err error) {
	if suite, err = codename(); err != nil {
		return "", "", err
	}
	lines, err := known(ctx, suite)
	if err == nil && len(lines) == 0 {
		if out, uerr := exec.CommandContext(ctx, "apt-get", "update", "-q").CombinedOutput(); uerr != nil {
			return "", "", fmt.Errorf("service: fetch the lists of packages: %w: %s", uerr, out)
		}
		lines, err = known(ctx, suite)
	}
	if err == nil && len(lines) == 0 {
		err = errors.New("service: apt knows no packages of this system; this test needs Debian or Ubuntu")
	}
	return suite, strings.Join(lines, "\n") + "\n", err
}

// known are the sources of this system's own packages whose lists apt has, without those that somebody added.
func known(ctx context.Context, suite string) ([]string, error) {
	const format = "$(ORIGIN) $(CODENAME) deb $(REPO_URI) $(CODENAME) $(COMPONENT)"
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", format, "Created-By: Packages").Output()
	if err != nil {
		return nil, fmt.Errorf("service: ask apt for its mirror: %w", err)
	}
	var lines []string
	for sc := bufio.NewScanner(bytes.NewReader(out)); sc.Scan(); {
		f := strings.SplitN(sc.Text(), " ", 3)
		if len(f) == 3 && (f[0] == "Debian" || f[0] == "Ubuntu") && strings.HasPrefix(f[1], suite) && !slices.Contains(lines, f[2]) {
			lines = append(lines, f[2])
		}
	}
	return lines, nil
}

// codename is the name of this machine's release, for example "bookworm".
func codename() (string, error) {
	b, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "", fmt.Errorf("service: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return strings.Trim(name, `"`), nil
		}
	}
	return "", errors.New("service: /etc/os-release names no release; this test needs Debian or Ubuntu")
}

// lock waits for the right to build: two runs at once build one tree.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("service: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
