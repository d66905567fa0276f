package service

import (
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kardianos/service"
)

const logHint = "launchctl print gui/$UID/" + Name

// agent is our own LaunchAgent: it starts at login, again after a crash, not after a clean end, and writes no log into the home
// folder. It compiles and was not run yet.
const agent = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key><string>byleave</string>
	<key>ProgramArguments</key><array>%s</array>
	<key>EnvironmentVariables</key><dict>%s</dict>
	<key>RunAtLoad</key><true/>
	<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
	<key>HardResourceLimits</key><dict><key>Core</key><integer>0</integer></dict>
	<key>Umask</key><integer>63</integer>
</dict>
</plist>
`

func supported() error { return nil }

func config(o Options) *service.Config {
	var words, env strings.Builder
	for _, w := range append([]string{o.Binary, "run"}, o.Args...) {
		words.WriteString("<string>" + escape(w) + "</string>")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Env)) {
		env.WriteString("<key>" + escape(name) + "</key><string>" + escape(o.Env[name]) + "</string>")
	}
	text := fmt.Sprintf(agent, words.String(), env.String())
	return &service.Config{Name: Name, Executable: o.Binary, Option: service.KeyValue{"UserService": true, "LaunchdConfig": text}}
}

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return "" // a strings.Builder takes everything
	}
	return strings.ReplaceAll(b.String(), "{{", "&#123;&#123;") // the template engine that it passes through must see nothing
}

// A session needs no hook here: a LaunchAgent lives inside it.
func writeHook(Options) error { return nil }

func files() []string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/nonexistent"
	}
	return []string{filepath.Join(home, "Library", "LaunchAgents", Name+".plist")}
}

func folders() []string { return nil }

func reachable() error { return nil }

func reload() error { return nil }

func forgive() {}

func findRuntime() {}

// InstalledArgs are the arguments of `run` in the installed service; none if there is none.
func InstalledArgs() []string {
	b, err := os.ReadFile(files()[0])
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(b), "<string>run</string>")
	args, _, _ := strings.Cut(rest, "</array>")
	if args == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(args, "<string>"), "</string>"), "</string><string>")
}
