package policy

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
)

func TestMatch(t *testing.T) {
	p := parsed(t, sample())
	r := rules(t, p, p, given(t, p, everything(p)))
	editor := func(change func(*Window)) Window {
		w := Window{Class: "Mousepad", Instance: "mousepad", Executable: "/usr/bin/mousepad", Title: "notes"}
		change(&w)
		return w
	}
	files := func(title string) Window {
		return Window{Class: "Thunar", Executable: "/usr/bin/thunar", Title: title}
	}
	tests := []struct {
		name string
		w    Window
		app  string
		why  Reason
	}{
		{"agreed", editor(func(*Window) {}), "editor", Allowed},
		{"agreed, by title", files("Home x"), "files", Allowed},
		{"title not whole", files("My Work"), "", NotAgreed},
		{"title goes on", files("Work\nsecret"), "", NotAgreed},
		{"class alone", editor(func(w *Window) { w.Executable = "/tmp/mousepad" }), "", NotAgreed},
		{"executable alone", editor(func(w *Window) { w.Class = "Other" }), "", NotAgreed},
		{"class in other letters", editor(func(w *Window) { w.Class = "mousepad" }), "", NotAgreed},
		{"replaced program", editor(func(w *Window) { w.Executable += " (deleted)" }), "", NotAgreed},
		{"no class", editor(func(w *Window) { w.Class = "" }), "", Blind},
		{"no executable", editor(func(w *Window) { w.Executable = "" }), "", Blind},
		{"nothing known", Window{}, "", Blind},
		{"policy exclusion by title", editor(func(w *Window) { w.Title = "my BANK" }), "", Excluded},
		{"policy exclusion by class", Window{Class: "slack", Executable: "/usr/bin/slack"}, "", Excluded},
		{"1 MiB title", editor(func(w *Window) { w.Title = strings.Repeat("a", 1<<20) }), "", Blind},
		{"1 MiB title that ends in a bank", editor(func(w *Window) { w.Title = strings.Repeat("a", 1<<20) + "bank" }), "", Blind},
		{"invalid UTF-8", editor(func(w *Window) { w.Title = "\xff\xfe" }), "", Blind},
		{"ANSI and bidi are only text", editor(func(w *Window) { w.Title = "\x1b[2J\u202etxt" }), "editor", Allowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if app, why := r.Match(tt.w); app != tt.app || why != tt.why {
				t.Errorf("got %q, %v; want %q, %v", app, why, tt.app, tt.why)
			}
		})
	}
}

// What is built in wins over a policy and a consent that name it, by class, by instance and by executable.
func TestBuiltInExclusionsWin(t *testing.T) {
	windows := []struct {
		name string
		w    Window
		why  Reason
	}{
		{"password manager", Window{Class: "KeePassXC", Executable: "/usr/bin/x"}, Excluded},
		{"password manager by file", Window{Class: "X", Executable: "/opt/1Password/1password"}, Excluded},
		{"password manager on Windows", Window{Class: "X", Executable: `C:\Program Files\KeePass.exe`}, Excluded},
		{"replaced password manager", Window{Class: "X", Executable: "/usr/bin/keepassxc (deleted)"}, Excluded},
		{"zenity", Window{Class: "Zenity", Instance: "zenity", Executable: "/usr/bin/zenity", Title: "Type your password"}, Excluded},
		{"pinentry", Window{Class: "Pinentry-gtk-2", Executable: "/usr/bin/pinentry-gtk-2"}, Excluded},
		{"polkit", Window{Class: "Polkit-gnome-authentication-agent-1", Executable: "/x"}, Excluded},
		{"gcr by instance", Window{Class: "X", Instance: "gcr-prompter", Executable: "/x"}, Excluded},
		{"ssh-askpass", Window{Class: "SshAskpass", Executable: "/usr/bin/ssh-askpass"}, Excluded},
		{"prompt by title", Window{Class: "X", Executable: "/x", Title: "Authentication Required"}, Excluded},
		{"lock screen", Window{Class: "i3lock", Executable: "/usr/bin/i3lock"}, Excluded},
		{"own window", Window{Class: "byleave", Executable: "/usr/bin/byleave"}, Excluded},
		{"private firefox", Window{Class: "firefox", Executable: "/usr/bin/firefox", Title: "Shop — Mozilla Firefox Private Browsing"}, Excluded},
		{"private firefox in German", Window{Class: "firefox", Executable: "/x", Title: "Laden — Mozilla Firefox (Privater Modus)"}, Excluded},
		{"private firefox in French", Window{Class: "firefox", Executable: "/x", Title: "x — Navigation privée de Mozilla Firefox"}, Excluded},
		{"private chrome", Window{Class: "Google-chrome", Executable: "/opt/google/chrome/chrome", Title: "Shop - Google Chrome (Incognito)"}, Excluded},
		{"private edge", Window{Class: "X", Executable: "/x", Title: "Shop - InPrivate - Microsoft Edge"}, Excluded},
		{"firefox", Window{Class: "firefox-esr", Executable: "/usr/lib/firefox-esr/firefox-esr", Title: "Shop"}, Blind},
		{"chromium", Window{Class: "Chromium", Executable: "/usr/lib/chromium/chromium", Title: "Shop"}, Blind},
		{"browser by file", Window{Class: "App", Executable: "/opt/brave.com/brave/brave"}, Blind},
	}
	for _, tt := range windows {
		t.Run(tt.name, func(t *testing.T) {
			m := sample()
			m.Applications = []*pb.Application{{Id: "it", Name: "It", WmClass: tt.w.Class, Executables: []string{tt.w.Executable}}}
			if strings.HasSuffix(tt.w.Executable, "(deleted)") {
				m.Applications[0].Executables = []string{"/usr/bin/keepassxc (deleted)"}
			}
			p := parsed(t, m)
			r := rules(t, p, p, given(t, p, everything(p)))
			if app, why := r.Match(tt.w); app != "" || why != tt.why {
				t.Errorf("got %q, %v; want %v", app, why, tt.why)
			}
		})
	}
}

// Each entry does something: without it some window would pass.
func TestEveryBuiltInEntryMatches(t *testing.T) {
	for i, x := range builtinCompiled() {
		w := Window{Class: builtin[i].class, Executable: "/usr/bin/" + builtin[i].executable}
		if x.title == nil && !x.matches(w) {
			t.Errorf("entry %d (%s%s) matches nothing", i, builtin[i].class, builtin[i].executable)
		}
		if x.matches(Window{Class: "Mousepad", Instance: "mousepad", Executable: "/usr/bin/mousepad", Title: "notes.txt - Mousepad"}) {
			t.Errorf("entry %d excludes an ordinary window", i)
		}
	}
}

// Consents pin this list. If this fails because entries were added at the end, raise both values; any other reason stops
// every consent that was given so far.
func TestExclusionListOnlyGrows(t *testing.T) {
	const entries, digest = 628, "f2215b91a204fbc7bc915dfadc76c07eaec2471d32f564029856a136f2080b17"
	if len(builtin) < entries || hex.EncodeToString(exclusionDigests()[entries-1][:]) != digest {
		t.Errorf("the first %d of %d entries changed: %x", entries, len(builtin), exclusionDigests()[entries-1])
	}
}

func TestDigestNamesOlderLists(t *testing.T) {
	all := exclusionDigests()
	newest, older := ExclusionsDigest(), all[len(all)-2]
	other := chain(append(append([]entry{}, builtin...), entry{name: "more", class: "more"}))
	longer := other[len(other)-1]
	if !hasExclusions(newest[:]) || !hasExclusions(older[:]) || hasExclusions(longer[:]) || hasExclusions(nil) {
		t.Error("a list is taken for one that it is not")
	}
	swapped := append([]entry{}, builtin...)
	swapped[0].browser = !swapped[0].browser
	if chain(swapped)[len(swapped)-1] == newest {
		t.Error("the digest does not cover what an entry does")
	}
}
