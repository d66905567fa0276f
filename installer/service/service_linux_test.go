package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// account is an empty home folder.
func account(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(home, "run"))
	return home
}

func put(t *testing.T, path, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(content), 0o600))
}

// TestUnit: each line is a promise. What each does on a real systemd is tested in e2e/service.
func TestUnit(t *testing.T) {
	text := unitText(Options{Binary: "/opt/a b/byleave", Args: []string{"--hold", "24h0m0s"}, Env: map[string]string{"BYLEAVE_HOME": `/x "%h" \{{Path}}`}})
	for _, line := range []string{
		`ExecStart="/opt/a b/byleave" "run" "--hold" "24h0m0s"`, `Environment="BYLEAVE_HOME=/x \"%%h\" \\\x7b\x7bPath}}"`,
		"Type=notify", "Restart=on-failure", "RestartSec=5", "UMask=0077", "LimitCORE=0", "MemorySwapMax=0", "NoNewPrivileges=yes", "MemoryDenyWriteExecute=yes",
		"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "SystemCallFilter=@system-service seccomp landlock_create_ruleset landlock_restrict_self", "RuntimeDirectoryPreserve=restart",
		"EnvironmentFile=-%t/byleave/session.env", "WantedBy=default.target",
	} {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("the unit lacks %s", line)
		}
	}
}

// TestUnitHasNoLinesOfOthers: what an environment names cannot add a line to the unit.
func TestUnitHasNoLinesOfOthers(t *testing.T) {
	text := unitText(Options{Binary: "/byleave", Args: []string{"a\nExecStartPre=/a"}, Env: map[string]string{"BYLEAVE_HOME": "/x\nExecStartPre=/x\r\nExecStartPre=/y"}})
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "ExecStartPre") {
			t.Errorf("the unit has %q", line)
		}
	}
}

// TestHoldIsKept reads the arguments back from what is written.
func TestHoldIsKept(t *testing.T) {
	account(t)
	if got := InstalledArgs(); got != nil {
		t.Fatalf("nothing is installed, and its arguments are %q", got)
	}
	for _, args := range [][]string{nil, {"--hold", "24h0m0s"}} {
		put(t, files()[0], unitText(Options{Binary: "/a run b", Args: args}))
		if diff := cmp.Diff(args, InstalledArgs()); diff != "" {
			t.Error(diff)
		}
	}
}

// TestMemory: a failed installation is undone to the last link, and takes its folders along.
func TestMemory(t *testing.T) {
	home := account(t)
	nothing, err := remember(files()...)
	must(t, err)
	put(t, files()[0], "new")
	must(t, os.MkdirAll(filepath.Dir(files()[1]), 0o700))
	must(t, os.Symlink(files()[0], files()[1]))
	something, err := remember(files()...)
	must(t, err)
	put(t, files()[0], "newer")
	must(t, os.Remove(files()[1]))
	put(t, hookPath(), "hook")
	must(t, something.restore())
	if b, err := os.ReadFile(files()[1]); err != nil || string(b) != "new" {
		t.Fatalf("%q, %v", b, err)
	}
	if _, err := os.Lstat(hookPath()); !os.IsNotExist(err) {
		t.Fatal("a file that came later stayed")
	}
	must(t, nothing.restore())
	if entries, err := os.ReadDir(home); err != nil || len(entries) != 0 {
		t.Fatalf("left %v, %v", entries, err)
	}
}

// TestFoldersOfThePersonStay: neither a folder with something in it goes, nor a link that the person put in a folder's place.
func TestFoldersOfThePersonStay(t *testing.T) {
	home := account(t)
	real := filepath.Join(home, "dotfiles")
	must(t, os.MkdirAll(real, 0o700))
	must(t, os.MkdirAll(filepath.Join(home, ".config"), 0o700))
	must(t, os.Symlink(real, filepath.Join(home, ".config", "systemd")))
	put(t, filepath.Join(home, ".config", "autostart", "other.desktop"), "theirs")
	removeEmpty(folders()...)
	for _, name := range []string{"dotfiles", ".config/systemd", ".config/autostart/other.desktop"} {
		if _, err := os.Lstat(filepath.Join(home, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
}

// TestNotInstalledAsksNobody: a status on a machine without any service manager is an answer, not an error.
func TestNotInstalledAsksNobody(t *testing.T) {
	account(t)
	t.Setenv("PATH", "")
	if s := (User{}).State(); s != NotInstalled {
		t.Fatalf("state %q", s)
	}
	if err := (User{}).Uninstall(); err != nil {
		t.Fatalf("uninstall of nothing: %v", err)
	}
}

// TestOutside: what a service starts for the person goes through the service manager and is bound to the service; all else is not.
func TestOutside(t *testing.T) {
	t.Setenv("DISPLAY", ":7")
	for _, name := range []string{"RUNTIME_DIRECTORY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "BYLEAVE_HOME", "XDG_DATA_HOME"} {
		t.Setenv(name, "")
	}
	if diff := cmp.Diff([]string{"/b", "review"}, Outside(t.Context(), "/b", "review").Args); diff != "" {
		t.Error(diff)
	}
	t.Setenv("RUNTIME_DIRECTORY", "/run/user/1/byleave")
	groups, err := os.ReadFile("/proc/self/cgroup")
	must(t, err)
	self, got := ownUnit(string(groups)), Outside(t.Context(), "/b", "review").Args
	want := []string{"systemd-run", "--user", "--quiet", "--collect", "--pipe", "--wait", got[6], "--property=BindsTo=" + self, "--property=After=" + self,
		"--property=KillMode=process", "--setenv=DISPLAY", "--", "/b", "review"}
	if diff := cmp.Diff(want, got); diff != "" || !strings.HasPrefix(got[6], "--unit=byleave-outside-") {
		t.Error(got[6], diff)
	}
	if again := Outside(t.Context(), "/b", "review").Args; again[6] == got[6] {
		t.Errorf("two at once have one name: %s", again[6])
	}
}

// TestOwnUnit reads the unit out of what the kernel tells of control groups.
func TestOwnUnit(t *testing.T) {
	for groups, want := range map[string]string{
		"": "byleave.service",
		"0::/user.slice/user-1.slice/user@1.service/app.slice/mine.service\n":                       "mine.service",
		"2:cpu:/\n1:name=systemd:/user.slice/user@1.service/app.slice/byleave.service\n0::/other\n": "byleave.service",
		"0::/user.slice/user-1.slice/session-2.scope\n":                                             "byleave.service",
	} {
		if got := ownUnit(groups); got != want {
			t.Errorf("%q: unit %s, want %s", groups, got, want)
		}
	}
}
