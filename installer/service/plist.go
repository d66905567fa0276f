package service

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// launchAgent is our own LaunchAgent. It starts at login, in a graphical session only, again after a crash and not after a clean end.
// It keeps no log: what launchd would make lies open, or in the home folder. No dump may hold what was typed.
const launchAgent = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key><string>byleave</string>
	<key>ProgramArguments</key><array>%s</array>
	<key>EnvironmentVariables</key><dict>%s</dict>
	<key>RunAtLoad</key><true/>
	<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
	<key>ThrottleInterval</key><integer>10</integer>
	<key>LimitLoadToSessionType</key><string>Aqua</string>
	<key>ProcessType</key><string>Background</string>
	<key>HardResourceLimits</key><dict><key>Core</key><integer>0</integer></dict>
	<key>SoftResourceLimits</key><dict><key>Core</key><integer>0</integer></dict>
	<key>Umask</key><integer>63</integer>
</dict>
</plist>
`

// plistText fills the LaunchAgent. It is final: nothing in it means anything to the template engine that it passes through.
func plistText(o Options) string {
	var words, env strings.Builder
	for _, w := range append([]string{o.Binary, "run"}, o.Args...) {
		words.WriteString("<string>" + escape(w) + "</string>")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Env)) {
		env.WriteString("<key>" + escape(name) + "</key><string>" + escape(o.Env[name]) + "</string>")
	}
	return fmt.Sprintf(launchAgent, words.String(), env.String())
}

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return "" // a strings.Builder takes everything
	}
	return strings.ReplaceAll(b.String(), "{{", "&#123;&#123;")
}

// plistArgs are the arguments of `run` in a LaunchAgent of ours; none if there are none.
func plistArgs(text string) []string {
	_, rest, _ := strings.Cut(text, "<string>run</string>")
	args, _, _ := strings.Cut(rest, "</array>")
	if args == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(args, "<string>"), "</string>"), "</string><string>")
}

// The words with which launchctl is asked. load and unload, which the library says, are those of before 2014: they tell no failure.

// bootstrap loads a LaunchAgent into the session at the screen of user uid, and with that starts it.
func bootstrap(uid int, plist string) []string { return []string{"bootstrap", session(uid), plist} }

// bootout ends a LaunchAgent and unloads it.
func bootout(uid int) []string { return []string{"bootout", session(uid) + "/" + Name} }

// describe tells of a LaunchAgent, and fails if it is not loaded.
func describe(uid int) []string { return []string{"print", session(uid) + "/" + Name} }

func session(uid int) string { return "gui/" + strconv.Itoa(uid) }

// described reads what launchctl tells: whether it runs, and whether it ended with an error.
func described(text string) (runs, failed bool) {
	for line := range strings.Lines(text) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), " = "); name {
		case "state":
			runs = runs || value == "running"
		case "last exit code":
			failed = value != "0" && !strings.HasPrefix(value, "(never")
		}
	}
	return runs, failed && !runs
}
