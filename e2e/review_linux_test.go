package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// secretFile is the person's recovery code in a file of theirs: it opens what the passphrase opens.
func secretFile(t *testing.T, s *stage.Stage) string {
	t.Helper()
	name := filepath.Join(s.Desk.Dir(), "code")
	check(t, os.WriteFile(name, []byte(s.Recovery+"\n"), 0o600))
	check(t, s.Desk.Own(name))
	t.Cleanup(func() { os.Remove(name) })
	return name
}

// speak types words into the editor as a recording of their own, sealed at the end.
func speak(ctx context.Context, t *testing.T, s *stage.Stage, editor desktop.Window, words string) {
	t.Helper()
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	awayFromEdges()
	check(t, s.Desk.Focus(ctx, editor.ID))
	area, err := s.Desk.Geometry(editor.ID)
	check(t, err)
	check(t, hand.Click(area.Min.X+200, area.Min.Y+200))
	typed(ctx, t, s, hand, words)
}

// sums are the SHA-256 of all files below dir, by their path.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	check(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		check(t, err)
		sum := sha256.Sum256(b)
		rel, err := filepath.Rel(dir, path)
		out[rel] = hex.EncodeToString(sum[:])
		return err
	}))
	return out
}

// TestI22ExportMine: what a real session recorded is exported whole, with the collector gone: every box of the spool, hash by hash, the
// words as redacted, the pictures as they decode, the receipt.
func TestI22ExportMine(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent, editor := record(ctx, t, s)
	speak(ctx, t, s, editor, "walrus colony. ")
	speak(ctx, t, s, editor, "ocelot forest. ")
	speak(ctx, t, s, editor, "card 4111 1111 1111 1111. ")
	for _, words := range [][]string{{"start", "book the train with 5500 0000 0000 0004"}, {"done"}} {
		_, err := s.Byleave(ctx, append([]string{"task"}, words...)...)
		check(t, err)
	}
	pauseSealsAll(t, s)
	_, err := s.Byleave(ctx, "task", "fail")
	if err == nil || !strings.Contains(err.Error(), "nothing is recorded now") {
		t.Errorf("a task in a pause: %v", err)
	}
	check(t, s.KillCollector())
	check(t, agent.Stop())
	dir := filepath.Join(s.Desk.Dir(), "mine")
	out, err := s.Byleave(ctx, "export-mine", dir, "--passphrase-file", secretFile(t, s))
	check(t, err)
	t.Log(out)
	var man struct {
		Boxes []struct {
			SHA256, Damaged string
			Events          int
			Frames          []string
		}
		Files []struct{ Path, SHA256 string }
	}
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	check(t, err)
	check(t, json.Unmarshal(b, &man))
	spool := map[string]bool{}
	for name, sum := range sums(t, filepath.Join(s.Home, "spool")) {
		if strings.HasSuffix(name, ".sent") || strings.HasSuffix(name, ".box") {
			spool[sum] = true
		}
	}
	if len(spool) < 2 || len(man.Boxes) != len(spool) {
		t.Fatalf("%d boxes in the spool, %d in the manifest", len(spool), len(man.Boxes))
	}
	events, frames := 0, 0
	for _, box := range man.Boxes {
		if !spool[box.SHA256] || box.Damaged != "" {
			t.Errorf("a box of the manifest is not one of the spool, or does not open: %+v", box)
		}
		events += box.Events
		for _, f := range box.Frames {
			frames++
			decode(t, filepath.Join(dir, "frames", f+".png"))
		}
	}
	have := sums(t, dir)
	delete(have, "manifest.json")
	for _, f := range man.Files {
		if have[filepath.FromSlash(f.Path)] != f.SHA256 {
			t.Errorf("%s is not as the manifest says", f.Path)
		}
		delete(have, filepath.FromSlash(f.Path))
	}
	if len(have) != 0 {
		t.Errorf("not in the manifest: %v", have)
	}
	lines, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	check(t, err)
	if !holds(string(lines), "walrus colony", "ocelot forest", "<CARD#1>", "book the train with <CARD>", "TASK_STEP_DONE") || strings.Contains(string(lines), "4111") || strings.Contains(string(lines), "5500") || strings.Count(string(lines), "\n") != events {
		t.Errorf("events.jsonl of %d events:\n%s", events, lines)
	}
	if receipts, err := filepath.Glob(filepath.Join(dir, "receipts", "*.json")); err != nil || len(receipts) != 1 || frames == 0 {
		t.Errorf("%d receipts, %d pictures, %v", len(receipts), frames, err)
	}
	if _, err := s.Byleave(ctx, "export-mine", dir, "--passphrase-file", secretFile(t, s)); err == nil || !strings.Contains(err.Error(), "holds something already") {
		t.Errorf("it wrote over an export: %v", err)
	}
}

// browserOf is a Chromium of the person's own account, and its folder.
func browserOf(ctx context.Context, t *testing.T, s *stage.Stage) (context.Context, string) {
	t.Helper()
	profile := filepath.Join(s.Desk.Dir(), "profile")
	check(t, os.MkdirAll(profile, 0o700))
	check(t, s.Desk.Own(profile))
	own := s.Desk.Command(ctx, "/usr/bin/chromium") // the person's account and environment
	alloc, stop := chromedp.NewExecAllocator(ctx, chromedp.ExecPath(own.Path), chromedp.UserDataDir(profile), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("allow-pre-commit-input", true), // a press that comes before the first picture of a page is else dropped
		chromedp.ModifyCmdFunc(func(c *exec.Cmd) { c.SysProcAttr, c.Env, c.Dir = own.SysProcAttr, own.Env, own.Dir }))
	t.Cleanup(stop)
	tab, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	check(t, chromedp.Do(tab))
	return tab, profile
}

var addressLine = regexp.MustCompile(`http://127\.0\.0\.1:\d+/open/\S+`)

// TestReviewDeletesByKeyboard: with the real agent, collector and browser, a person opens what was recorded, reads it, deletes one box
// with the keyboard alone and closes the page. That box is gone here and at the collector, its neighbour opens, and no file on the
// disk, the browser's own included, holds a word of what the page showed.
func TestReviewDeletesByKeyboard(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	_, editor := record(ctx, t, s)
	speak(ctx, t, s, editor, "walrus colony. ")
	awayFromEdges()
	awayFromEdges()
	speak(ctx, t, s, editor, "ocelot forest. ")
	tab, profile := browserOf(ctx, t, s)
	review, err := s.Desk.Start("review", "/usr/bin/env", "BYLEAVE_HOME="+s.Home, s.Binary(), "review", "--no-browser")
	check(t, err)
	var address []byte
	check(t, desktop.Until(ctx, "the address", func() bool {
		b, err := os.ReadFile(review.Log)
		address = addressLine.Find(b)
		return err == nil && address != nil
	}))
	load := func(a chromedp.Action[chromedp.Void]) {
		t.Helper()
		_, err := chromedp.RunResponse(tab, a)
		check(t, err)
	}
	text := func() string {
		t.Helper()
		v, err := chromedp.Run(tab, chromedp.Evaluate[string]("document.body.innerText"))
		check(t, err)
		return v
	}
	tabTo := func(what string) {
		t.Helper()
		for range 200 {
			check(t, chromedp.Do(tab, chromedp.KeyEvent(kb.Tab)))
			at, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.activeElement.matches("`+what+`")`))
			check(t, err)
			if at {
				return
			}
		}
		t.Fatalf("no key reaches %s:\n%s", what, text())
	}
	load(chromedp.Navigate(string(address)))
	tabTo(`nav a[href='/recorded']`)
	load(chromedp.KeyEvent(kb.Enter))
	tabTo("#secret")
	check(t, chromedp.Do(tab, chromedp.KeyEvent(s.Recovery)))
	load(chromedp.KeyEvent(kb.Enter))
	for strings.Contains(text(), "Still opening") {
		load(chromedp.Reload())
	}
	if shown := text(); !holds(shown, "walrus colony", "ocelot forest", "sent") {
		t.Fatalf("the page does not show what was recorded:\n%s", shown)
	}
	tabTo("input[name=words]")
	check(t, chromedp.Do(tab, chromedp.KeyEvent("walrus")))
	load(chromedp.KeyEvent(kb.Enter))
	if shown := text(); !strings.Contains(shown, "walrus colony") || strings.Contains(shown, "ocelot") {
		t.Fatalf("the search finds:\n%s", shown)
	}
	tabTo(".box footer button")
	load(chromedp.KeyEvent(kb.Enter))
	if shown := text(); !holds(shown, "Delete", "A box is destroyed whole", "the collector is asked to destroy") {
		t.Fatalf("what goes is not said:\n%s", shown)
	}
	tabTo("form[action='/forget'] button")
	load(chromedp.KeyEvent(kb.Enter))
	if shown := answer(ctx, t, s, text()); !holds(shown, "Destroyed on this computer: 1 box", "The collector destroyed 1 box") {
		t.Fatalf("what was done is not said:\n%s", shown)
	}
	boxes, err := s.Boxes()
	check(t, err)
	var left string
	for _, b := range boxes {
		left += b.Text()
	}
	if strings.Contains(left, "walrus") || !strings.Contains(left, "ocelot forest") {
		t.Errorf("what opens after it is %q", left)
	}
	load(chromedp.Navigate(string(address[:bytes.Index(address, []byte("/open/"))]) + "/recorded"))
	if shown := text(); strings.Contains(shown, "walrus") || !strings.Contains(shown, "ocelot forest") {
		t.Errorf("the page still shows:\n%s", shown)
	}
	load(chromedp.Navigate(string(address[:bytes.Index(address, []byte("/open/"))]) + "/forget/everything"))
	for _, field := range []struct{ at, keys string }{{"#first", "zebra meadow lantern"}, {"#again", "zebra meadow lantern"}, {"#yes", "yes"}} {
		tabTo(field.at)
		check(t, chromedp.Do(tab, chromedp.KeyEvent(field.keys)))
	}
	load(chromedp.KeyEvent(kb.Enter))
	shown := answer(ctx, t, s, text())
	code := regexp.MustCompile(`\S+(-\S+){7}`).FindString(shown)
	if code == "" || code == s.Recovery || !holds(shown, "It is forgotten", "destroyed everything that it held of you") {
		t.Errorf("after everything was deleted the page says:\n%s", shown)
	}
	if boxes, err = s.Boxes(); err != nil || len(boxes) != 0 {
		t.Errorf("%d boxes still open: %v", len(boxes), err)
	}
	tabTo(".close button")
	load(chromedp.KeyEvent(kb.Enter))
	check(t, review.Wait(ctx))
	check(t, os.RemoveAll(filepath.Join(s.Desk.Home(), ".local/share/Mousepad"))) // the editor's own copies of what was typed into it
	for _, where := range []string{profile, s.Home, s.Desk.Home()} {
		if name := onDisk(t, where, "ocelot", "walrus", "zebra", s.Recovery, code); name != "" {
			t.Errorf("%s holds what the page showed", name)
		}
	}
}

// onDisk is a file below dir that holds one of the words, in bytes or in UTF-16; empty if none does.
func onDisk(t *testing.T, dir string, words ...string) (found string) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // what vanishes meanwhile held nothing
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		for _, w := range words {
			var wide []byte
			for _, u := range utf16.Encode([]rune(w)) {
				wide = append(wide, byte(u), byte(u>>8))
			}
			if bytes.Contains(b, []byte(w)) || bytes.Contains(b, wide) {
				found = path
			}
		}
		return nil
	}))
	return found
}
