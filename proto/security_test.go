package proto

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// TestSecurityNamesRealTests: a promise in SECURITY.md whose test was renamed or removed is a promise that nothing tests.
func TestSecurityNamesRealTests(t *testing.T) {
	text, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	exist := allTests(t)
	named := regexp.MustCompile("`([a-z0-9]+)\\.(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 30 {
		t.Fatalf("SECURITY.md names only %d tests: the pattern is broken", len(named))
	}
	for _, m := range named {
		if !exist[m[1]+"."+m[2]] {
			t.Errorf("SECURITY.md names %s.%s, which does not exist", m[1], m[2])
		}
	}
}

// allTests is every test function as folder.Name.
func allTests(t *testing.T) map[string]bool {
	exist := map[string]bool{}
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		abs, err := filepath.Abs(filepath.Dir(p))
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				exist[filepath.Base(abs)+"."+fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return exist
}

// TestNobodyIsExempt (I10): no field of any message names a role, a group, an exemption or a person to treat otherwise.
func TestNobodyIsExempt(t *testing.T) {
	bad := regexp.MustCompile(`(?i)exempt|exec|role|group|department|manager|allowlist|vip|covert|hidden|silent`)
	var walk func(protoreflect.MessageDescriptors)
	count := 0
	walk = func(ms protoreflect.MessageDescriptors) {
		for i := range ms.Len() {
			m := ms.Get(i)
			for j := range m.Fields().Len() {
				f := m.Fields().Get(j)
				count++
				allowed := f.FullName() == "byleave.v1.Application.executables" || f.FullName() == "byleave.v1.Exclusion.executable" || f.FullName() == "byleave.v1.Element.role"
				if bad.MatchString(string(f.Name())) && !allowed {
					t.Errorf("field %s: rules are the same for everyone", f.FullName())
				}
			}
			walk(m.Messages())
		}
	}
	for _, file := range []protoreflect.FileDescriptor{pb.File_byleave_v1_policy_proto, pb.File_byleave_v1_event_proto, pb.File_byleave_v1_collector_proto} {
		walk(file.Messages())
	}
	if count < 100 {
		t.Fatalf("looked at only %d fields", count)
	}
}
