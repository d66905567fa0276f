package proto

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/byleave/byleave/"

// wall says that nobody but the named rooms may import what it guards. Folders name themselves and all below.
type wall struct {
	guards string
	only   []string
	reason string
}

var walls = []wall{
	{"agent/internal/capture/internal/raw", []string{"agent/internal/capture", "agent/internal/capture/redact", "agent/internal/capture/internal/x11"},
		"raw content may be named by capture and redact alone; past redact only redact.Event exists"},
	{"agent/internal/capture/internal/x11", []string{"agent/internal/capture"},
		"only capture may listen to a display"},
	{"agent/internal/capture/internal/a11y", []string{"agent/internal/capture"},
		"only capture may ask what has the focus"},
	{"agent/internal/capture/ocr", []string{"agent/internal/capture", "agent", "agent/ocr"},
		"pixels of a line go to byleave-ocr and to nobody else: capture asks, and the command that redacts a file"},
	{"proto/envelope/seal", []string{"agent/internal/spool", "bench"},
		"sealing takes plain bytes: one room seals, and it takes redact.Event only"},
	{"proto/envelope/open", []string{"agent/internal/review", "agent/internal/rights", "collector/internal/export", "demo", "e2e"},
		"opening needs a person's or a custodian's key: the collector's server must have no code that opens a box"},
	{"agent", []string{"agent"}, "collector and agent never import each other: they meet in proto and policy"},
	{"collector", []string{"collector"}, "agent and collector never import each other: they meet in proto and policy"},
	{"installer", []string{"installer", "agent"}, "the installer is a leaf; the agent shares its service code"},
	{"demo", []string{"demo", "e2e"}, "nothing depends on the demo"},
	{"e2e", []string{"e2e", "demo", "bench"}, "nothing depends on the tests"},
}

// clients are libraries of which one room alone knows: nobody else talks to these servers, and the agent has no code for them.
var clients = []wall{
	{"github.com/jackc/pgx", []string{"collector/internal/store/cloud"}, "one room speaks to the database"},
	{"github.com/minio/minio-go", []string{"collector/internal/store/bucket"}, "one room speaks to the object store, and sees to it that errors name nobody"},
	{"github.com/parquet-go", []string{"collector/internal/export"}, "rows are written on the custodian's machine: the collector's server and the agent have no use for it"},
}

// neighbours are rooms of the agent and the collector: none knows another, only flow.go, ingest's server and the mains do.
var hubs = []string{"agent", "agent/internal/flow", "collector", "collector/internal/ingest"}

// door is a way into a neighbour that a room has for a reason.
var doors = map[[2]string]string{
	{"agent/internal/spool", "agent/internal/capture/redact"}:    "the spool takes redact.Event and nothing else",
	{"agent/internal/capture/redact", "agent/internal/capture"}:  "redact lies in capture",
	{"agent/internal/capture", "agent/internal/capture/redact"}:  "redact lies in capture",
	{"agent/internal/upload", "agent/internal/keystore"}:         "enrolment fills the key store",
	{"agent/internal/tray", "agent/internal/indicator"}:          "a state has one shape, on the screen and in the tray",
	{"collector/internal/operator", "collector/internal/store"}:  "operators read the store through its interface",
	{"collector/internal/vault", "collector/internal/store"}:     "wrapped keys lie in the store",
	{"collector/internal/ca", "collector/internal/store"}:        "invitations and revocations lie in the store",
	{"collector/internal/ledger", "collector/internal/store"}:    "the outbox lies in the store's transaction",
	{"collector/internal/operator", "collector/internal/ledger"}: "a release writes its leaf first",
}

func TestHouse(t *testing.T) {
	rooms := readRooms(t, "..")
	for dir, room := range rooms {
		for imp := range room.imports {
			checkWalls(t, dir, imp)
			checkNeighbours(t, dir, imp)
			if !room.mayImport(imp) {
				t.Errorf("%s imports %s, which its doc.go does not list under 'May import:'", dir, imp)
			}
		}
		checkDoc(t, dir, room)
		for _, c := range clients {
			for imp := range room.std {
				if under(imp, c.guards) && !slices.Contains(c.only, dir) {
					t.Errorf("%s imports %s: %s", dir, imp, c.reason)
				}
			}
		}
	}
	if len(rooms) < 15 {
		t.Fatalf("found only %d packages: the walk is broken", len(rooms))
	}
}

func checkWalls(t *testing.T, dir, imp string) {
	for _, w := range walls {
		if !under(imp, w.guards) || under(dir, w.guards) {
			continue
		}
		if !slices.ContainsFunc(w.only, func(o string) bool { return dir == o || (!strings.Contains(o, "/") && under(dir, o)) }) {
			t.Errorf("%s imports %s: %s", dir, imp, w.reason)
		}
	}
}

func checkNeighbours(t *testing.T, dir, imp string) {
	from, to := roomOf(dir), roomOf(imp)
	if from == "" || to == "" || from == to || slices.Contains(hubs, dir) {
		return
	}
	if _, ok := doors[[2]string{dir, imp}]; ok {
		return
	}
	if _, ok := doors[[2]string{from, to}]; ok {
		return
	}
	t.Errorf("%s imports %s: rooms do not know their neighbours; flow.go and the mains wire them", dir, imp)
}

// roomOf is the room of the agent or the collector in which dir lies, "" if it lies in none.
func roomOf(dir string) string {
	p := strings.Split(dir, "/")
	if len(p) >= 3 && p[1] == "internal" && (p[0] == "agent" || p[0] == "collector") {
		return strings.Join(p[:3], "/")
	}
	return ""
}

func checkDoc(t *testing.T, dir string, r *room) {
	if r.mayLine == "" || r.touches == "" || r.goroutines == "" {
		t.Errorf("%s: doc.go must end with the lines 'May import:', 'Touches:', 'Goroutines:'", dir)
		return
	}
	if r.goroutines == "none" && r.startsGoroutine != "" {
		t.Errorf("%s starts a goroutine, and its doc.go says none", r.startsGoroutine)
	}
	has := func(w string) bool { return slices.Contains(strings.FieldsFunc(r.touches, isComma), w) }
	for _, pkg := range []string{"net", "net/http", "google.golang.org/grpc"} {
		if r.std[pkg] && !has("net") {
			t.Errorf("%s imports %s, and its doc.go does not say that it touches net", dir, pkg)
		}
	}
	for _, pkg := range []string{"os", "os/exec", "syscall", "golang.org/x/sys/unix"} {
		if r.std[pkg] && !has("os") && !has("disk") && !has("net") {
			t.Errorf("%s imports %s, and its doc.go says that it touches neither disk nor os", dir, pkg)
		}
	}
}

func isComma(r rune) bool { return r == ',' || r == ' ' }

type room struct {
	imports         map[string]bool // ours, relative to the module
	std             map[string]bool // everything else
	mayLine         string
	touches         string
	goroutines      string
	startsGoroutine string
}

func (r *room) mayImport(imp string) bool {
	return slices.ContainsFunc(strings.Split(r.mayLine, ","), func(s string) bool { return strings.TrimSpace(s) == imp })
}

// readRooms parses every non-test file of every system, so that no suffix hides an import.
func readRooms(t *testing.T, root string) map[string]*room {
	rooms := map[string]*room{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "out" || isModule(p)) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(rel)
		if rooms[dir] == nil {
			rooms[dir] = &room{imports: map[string]bool{}, std: map[string]bool{}}
		}
		return rooms[dir].read(p)
	})
	if err != nil {
		t.Fatal(err)
	}
	return rooms
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func (r *room) read(file string) error {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if ours, ok := strings.CutPrefix(p, module); ok {
			r.imports[ours] = true
		} else {
			r.std[p] = true
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if _, ok := n.(*ast.GoStmt); ok && r.startsGoroutine == "" {
			r.startsGoroutine = file
		}
		return true
	})
	if path.Base(filepath.ToSlash(file)) == "doc.go" && f.Doc != nil {
		r.readDoc(f.Doc.Text())
	}
	return nil
}

func (r *room) readDoc(text string) {
	sc := bufio.NewScanner(strings.NewReader(text))
	for sc.Scan() {
		line := sc.Text()
		for key, field := range map[string]*string{"May import:": &r.mayLine, "Touches:": &r.touches, "Goroutines:": &r.goroutines} {
			if v, ok := strings.CutPrefix(line, key); ok {
				*field = strings.TrimSpace(v)
			}
		}
	}
}

// under tells whether dir is top or lies below it.
func under(dir, top string) bool { return dir == top || strings.HasPrefix(dir, top+"/") }
