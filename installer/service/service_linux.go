package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kardianos/service"
)

const logHint = "journalctl --user -u " + Name

// unit is our own: the one of kardianos/service is wanted by multi-user.target, which no user manager has, so it would be
// enabled and never start. The agent says when it is ready, so that a start that fails is seen. LimitCORE: no dump may hold what
// was typed; MemorySwapMax: nor may swap, where control groups are of version 2. Sandboxing by mount or user namespaces (ProtectSystem and its like) is absent on purpose: from inside one the agent
// could not tell which program a window belongs to, and would record nothing. See docs/decisions/0009. The three calls beside
// @system-service are those with which byleave-ocr confines itself further; without them it does not read.
const unit = `[Unit]
Description=Byleave records only what you agreed to (see: byleave status)
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
ExecStart=%s
%sEnvironmentFile=-%%t/byleave/session.env
RuntimeDirectory=byleave
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=restart
Restart=on-failure
RestartSec=5
TimeoutStopSec=20
UMask=0077
LimitCORE=0
MemorySwapMax=0
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service seccomp landlock_create_ruleset landlock_restrict_self
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
`

// hook is how a desktop session tells the agent that it is there, by the standard of freedesktop.org for programs started at login.
const hook = `[Desktop Entry]
Type=Application
Name=Byleave
Comment=Tells the Byleave agent which display this session has
Exec="%s" session
NoDisplay=true
`

func supported() error {
	if service.Platform() != "linux-systemd" {
		return errors.New("this system has no systemd, which alone starts programs for one person here; start `byleave run` from your desktop session instead")
	}
	return nil
}

// findRuntime finds the runtime folder of the account, and with it service manager and agent, for a shell that su or cron started.
func findRuntime() {
	dir := fmt.Sprintf("/run/user/%d", os.Getuid())
	if os.Getenv("XDG_RUNTIME_DIR") != "" {
		return
	}
	if _, err := os.ReadDir(dir); err != nil {
		return
	}
	if err := os.Setenv("XDG_RUNTIME_DIR", dir); err != nil {
		return
	}
}

// config registers a finished unit.
func config(o Options) *service.Config {
	return &service.Config{Name: Name, Executable: o.Binary, Option: service.KeyValue{"UserService": true, "SystemdScript": unitText(o)}}
}

func register(o Options) (service.Service, error) { return service.New(program{}, config(o)) }

// unitText fills the unit. It is final: a path cannot mean anything to the template engine that it passes through.
func unitText(o Options) string {
	words := []string{unitQuote(o.Binary), unitQuote("run")}
	for _, a := range o.Args {
		words = append(words, unitQuote(a))
	}
	var env strings.Builder
	for _, name := range slices.Sorted(maps.Keys(o.Env)) {
		fmt.Fprintf(&env, "Environment=%s\n", unitQuote(name+"="+o.Env[name]))
	}
	return strings.ReplaceAll(fmt.Sprintf(unit, strings.Join(words, " "), env.String()), "{{", `\x7b\x7b`)
}

// unitQuote writes one word of a unit: quoted, with nothing in it that systemd would expand.
func unitQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "\n", `\n`, "\r", `\r`).Replace(s) + `"`
}

// writeHook lets every desktop session of the person hand itself over.
func writeHook(o Options) error {
	path := hookPath() // the path of the binary holds nothing that would need an escape
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of programs started at login: %w", err)
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, hook, o.Binary), 0o644); err != nil {
		return fmt.Errorf("write the program started at login: %w", err)
	}
	return nil
}

// files are all that Install can make, the unit first.
func files() []string {
	units := unitDir()
	return []string{
		filepath.Join(units, Name+".service"), filepath.Join(units, "default.target.wants", Name+".service"),
		hookPath(),
	}
}

// folders are those that Install can make, deepest first, and the runtime folder that an agent which failed can leave.
func folders() []string {
	units := unitDir()
	dirs := []string{
		filepath.Join(units, "default.target.wants"), units, filepath.Dir(units), filepath.Dir(hookPath()), configDir(),
	}
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(runtime) {
		dirs = append(dirs, filepath.Join(runtime, "byleave"))
	}
	return dirs
}

func unitDir() string { return filepath.Join(home(), ".config", "systemd", "user") }

func hookPath() string { return filepath.Join(configDir(), "autostart", Name+".desktop") }

func configDir() string {
	if dir := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(home(), ".config")
}

// home is the person's folder, as kardianos/service finds it.
func home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return "/nonexistent"
	}
	return dir
}

// reachable says whether the person's own service manager answers.
func reachable() error { return systemctl("show-environment") }

// reload lets the service manager read its files again.
func reload() error { return systemctl("daemon-reload") }

// forgive lets a service that failed too often be started again, or be forgotten.
func forgive() {
	if err := systemctl("reset-failed", Name+".service"); err != nil {
		return // it is not known, or has not failed
	}
}

// InstalledArgs are the arguments of `run` in the installed service; none if there is none.
func InstalledArgs() []string {
	b, err := os.ReadFile(files()[0])
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "ExecStart=") {
			continue
		}
		if _, args, ok := strings.Cut(strings.TrimSpace(line), `" "run" `); ok {
			return strings.Split(strings.Trim(args, `"`), `" "`)
		}
	}
	return nil
}

// answerLimit is how long a service manager may take; one that hangs is one that does not answer.
const answerLimit = 30 * time.Second

func systemctl(args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "systemctl", append([]string{"--user"}, args...)...).CombinedOutput(); err != nil {
		if args[0] == "show-environment" {
			return ErrNoManager
		}
		return fmt.Errorf("systemctl --user %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}
