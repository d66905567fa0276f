package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/proto/bundle"
)

// gather is what a bundle is made of. What an agent says of this instant, which can name an application, is left out.
func gather(ctx context.Context, home string, checks []flow.Check) []bundle.Part {
	hide := hider(home)
	examined := bundle.Part{Name: "checks", What: "what doctor prints, without paths, addresses and what the agent says of this instant"}
	for _, c := range checks {
		words := hide(c.Words)
		if c.OK && c.Name == "agent" {
			words = "runs"
		}
		examined.Lines = append(examined.Lines, fmt.Sprintf("%s %s: %s", sign(c), c.Name, words))
	}
	return []bundle.Part{
		{Name: "program", What: "version of this program and of Go, kind of system and session", Lines: []string{"byleave " + bundle.Version(), "session: " + sessionKind()}},
		{Name: "files", What: "which of the agent's own files are there, with mode; no size, no time, no content", Lines: fileLines(home)},
		examined,
		{Name: "line", What: "how far a connection to the collector gets, step by step; no name, no address, no certificate", Lines: lineTrace(ctx, home)},
		{Name: "service", What: "whether the agent is a service of this account", Lines: []string{hide(serviceWords())}},
	}
}

// hider takes out of a sentence what names a person, a computer or a place.
func hider(home string) func(string) string {
	var pairs []string
	add := func(secret, word string) {
		if len(secret) > 2 {
			pairs = append(pairs, secret, word)
		}
	}
	add(home, "HOME")
	if dir, err := os.UserHomeDir(); err == nil {
		add(dir, "HOME")
	}
	add(os.Getenv("XDG_RUNTIME_DIR"), "RUNTIME")
	add(os.TempDir(), "TEMP")
	if keys, err := keystore.Open(home); err == nil {
		if id, err := keys.Identity(); err == nil {
			add(id.Collector, "COLLECTOR")
			if host, _, err := net.SplitHostPort(id.Collector); err == nil {
				add(host, "COLLECTOR")
			}
			add(upload.ProxyOf(id.Collector), "PROXY")
		}
	}
	if host, err := os.Hostname(); err == nil {
		add(host, "COMPUTER")
	}
	return strings.NewReplacer(pairs...).Replace
}

// sessionKind is one of the words that desktops agreed upon.
func sessionKind() string {
	kind := os.Getenv("XDG_SESSION_TYPE")
	if !slices.Contains([]string{"x11", "wayland", "tty", "mir"}, kind) {
		kind = "unknown"
	}
	return kind
}

// homeFiles is what every agent may have in its folder. Other names may say something and are not written down.
var homeFiles = []string{"identity.json", "person.json", "policy.signed", "policy.applied", "consent.json", "receipt", "pause", "limits", "refused", "narrowed",
	"reminded", "elsewhere.json", "wall", "ledger.seen", "ledger.arrived", "ledger.boxes", "spool", "receipts", "run"}

func fileLines(home string) (out []string) {
	for _, name := range append([]string{"."}, homeFiles...) {
		info, err := os.Lstat(filepath.Join(home, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			out = append(out, name+": cannot be looked at")
		default:
			out = append(out, info.Mode().String()+" "+name)
		}
	}
	return out
}

func lineTrace(ctx context.Context, home string) []string {
	keys, err := keystore.Open(home)
	if err != nil {
		return []string{"the folder cannot be used"}
	}
	id, err := keys.Identity()
	if err != nil {
		return []string{"not enrolled"}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	return upload.Trace(ctx, id)
}
