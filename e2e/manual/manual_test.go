package manual_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/byleave/byleave/e2e/manual"
)

const root = "../.."

// pages are those that the programs' own tests hold to what the programs say.
var pages = []string{"docs/byleave.md", "docs/byleave-collector.md", "docs/byleave-installer.md"}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// documents are what people read. Decisions and the changelog tell of what was, and may name what is no more.
func documents(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(found) < 8 {
		t.Fatalf("%d documents, %v", len(found), err)
	}
	out := []string{"README.md", "SECURITY.md", "proto/SPEC.md"}
	for _, f := range found {
		out = append(out, "docs/"+filepath.Base(f))
	}
	return out
}

// TestDocsNameWhatExists: every command and flag that a document names is one of a program, every target one of the Makefile.
func TestDocsNameWhatExists(t *testing.T) {
	m := manual.Manual{}
	for _, p := range pages {
		m.Read(read(t, p))
	}
	if len(m) < 50 {
		t.Fatalf("only %d commands: the pages are not read", len(m))
	}
	makefile := read(t, "Makefile")
	for _, doc := range documents(t) {
		text := read(t, doc)
		for _, why := range m.Wrong(text) {
			t.Errorf("%s: %s", doc, why)
		}
		for _, target := range regexp.MustCompile("(?m)(?:`|^)make ([a-z][a-z-]*)").FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+target[1]+":") {
				t.Errorf("%s: there is no make %s", doc, target[1])
			}
		}
	}
}

// TestWrongFindsThem: what does not exist is found in every form in which a document can name it, and what exists is not.
func TestWrongFindsThem(t *testing.T) {
	m := manual.Manual{}
	m.Read("## `byleave pause [30m]`\n| `--soon` | x |\n## `byleave consent`\n## `byleave consent give`\n| `--page` | x |\n## `byleave-collector init`\n| `--dir string` | x |\n")
	for doc, want := range map[string]int{
		"`byleave pause 2h`, `byleave pause --soon`, `byleave consent give --page`, `byleave`, `curl --unix-socket`, `byleave-ocr`": 0,
		"`byleave pose`": 1, "`byleave pause --late`": 1, "`byleave consent given`": 1, "`consent give --late`": 1, "`init --dir D`, `pause --soon`": 0,
		"```sh\nbyleave pause 2h   # or --late\nbin/byleave-collector init --page D\n```\n": 2, "    byleave-collector start\n": 1, "`--late`, `--soon`": 1,
		"byleave pose is no code": 0,
	} {
		if got := m.Wrong(doc); len(got) != want {
			t.Errorf("%s: %q", doc, got)
		}
	}
}

// decided is the table of the decisions: number and title, with a link.
func decided(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs", "decisions", "*.md"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d decisions, %v", len(files), err)
	}
	var b strings.Builder
	b.WriteString("| | |\n|---|---|\n")
	for _, f := range files {
		name := "decisions/" + filepath.Base(f)
		head, _, _ := strings.Cut(read(t, "docs/"+name), "\n")
		m := regexp.MustCompile(`^# 0*([0-9]+)[.:]? (.)(.*)$`).FindStringSubmatch(head)
		if m == nil {
			t.Fatalf("%s begins with %q, not with its number and title", name, head)
		}
		fmt.Fprintf(&b, "| %s | [%s%s](%s) |\n", m[1], strings.ToUpper(m[2]), m[3], name)
	}
	return b.String()
}

// TestIndexIsWritten: docs/README.md names every decision. With BYLEAVE_GENERATE it is written.
func TestIndexIsWritten(t *testing.T) {
	const page, begin = "docs/README.md", "| | |\n|---|---|\n"
	before, _, ok := strings.Cut(read(t, page), begin)
	if !ok {
		t.Fatal("docs/README.md has no table of decisions")
	}
	if os.Getenv("BYLEAVE_GENERATE") != "" {
		if err := os.WriteFile(filepath.Join(root, page), []byte(before+decided(t)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, page) != before+decided(t) {
		t.Error("docs/README.md does not name every decision as it is called; write it with: BYLEAVE_GENERATE=1 go test -run TestIndexIsWritten ./e2e/manual")
	}
}

// TestLinksLead: every link of a document, and every path of the repository that it names, is there; every document is in the index.
func TestLinksLead(t *testing.T) {
	decisions, err := filepath.Glob(filepath.Join(root, "docs", "decisions", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := append(documents(t), "CHANGELOG.md")
	index := read(t, "docs/README.md")
	for _, d := range decisions {
		all = append(all, "docs/decisions/"+filepath.Base(d))
	}
	links := regexp.MustCompile(`\]\(([^):#]+)[^)]*\)`)
	named := regexp.MustCompile(`\bdocs/(?:[a-z-]+\.md|decisions/[0-9]{4})`)
	for _, doc := range all {
		text := read(t, doc)
		for _, l := range links.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(doc), l[1])); err != nil {
				t.Errorf("%s: the link %s leads nowhere", doc, l[1])
			}
		}
		for _, n := range named.FindAllString(text, -1) {
			if found, _ := filepath.Glob(filepath.Join(root, n+"*")); len(found) == 0 {
				t.Errorf("%s: there is no %s", doc, n)
			}
		}
		if name, ok := strings.CutPrefix(doc, "docs/"); ok && !strings.Contains(name, "/") && name != "README.md" && !strings.Contains(index, "("+name+")") {
			t.Errorf("docs/README.md does not name %s", name)
		}
	}
	pictures, err := filepath.Glob(filepath.Join(root, "docs", "images", "*"))
	if err != nil || len(pictures) == 0 {
		t.Fatal("no pictures", err)
	}
	for _, p := range pictures {
		if name := "images/" + filepath.Base(p); !strings.Contains(read(t, "README.md")+index+read(t, "docs/first-hour.md"), name) {
			t.Errorf("no document shows %s", name)
		}
	}
}
