package policy

import (
	"crypto/sha256"
	"slices"
	"strings"
	"sync"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// exclusion is one entry, compiled. All conditions that it has must hold.
type exclusion struct {
	name       string
	class      string // lower case; compared with class and instance
	executable string // lower case base name without ".exe"
	title      *matcher
	browser    bool // blind rather than excluded
}

// ExclusionsDigest names the built-in list, browsers included. A consent pins it.
func ExclusionsDigest() [32]byte {
	all := exclusionDigests()
	return all[len(all)-1]
}

// hasExclusions tells whether this program has every entry of the list that digest names. The list only grows at its end,
// and each digest covers the one before it, so the digests of all beginnings are the digests of all older lists.
func hasExclusions(digest []byte) bool {
	return slices.ContainsFunc(exclusionDigests(), func(d [32]byte) bool { return string(d[:]) == string(digest) })
}

var exclusionDigests = sync.OnceValue(func() [][32]byte { return chain(builtin) })

func chain(list []entry) [][32]byte {
	var last [32]byte
	out := make([][32]byte, 0, len(list))
	for _, e := range list {
		kind := "excluded\x00"
		if e.browser {
			kind = "browser\x00"
		}
		sum := sha256.New()
		sum.Write(last[:])
		sum.Write([]byte(kind + e.name + "\x00" + e.class + "\x00" + e.executable + "\x00" + e.title))
		sum.Sum(last[:0])
		out = append(out, last)
	}
	return out
}

func (e entry) message() *pb.Exclusion {
	return &pb.Exclusion{Name: e.name, WmClass: e.class, Executable: e.executable, TitlePattern: e.title}
}

var builtinCompiled = sync.OnceValue(func() []exclusion {
	out := make([]exclusion, len(builtin))
	for i, e := range builtin {
		x, err := compileExclusion(e.message())
		if err != nil {
			panic("policy: built-in exclusion " + e.name + " does not compile")
		}
		x.browser = e.browser
		out[i] = x
	}
	return out
})

// builtinMatch is the first built-in entry that excludes w, nil if there is none. Browsers are passed over.
func builtinMatch(w Window) *exclusion {
	all := builtinCompiled()
	for i := range all {
		if !all[i].browser && all[i].matches(w) {
			return &all[i]
		}
	}
	return nil
}

func isBrowser(w Window) bool {
	return slices.ContainsFunc(builtinCompiled(), func(x exclusion) bool { return x.browser && x.matches(w) })
}

func compileExclusion(m *pb.Exclusion) (exclusion, error) {
	title, err := anywhere(m.GetTitlePattern())
	return exclusion{
		name:       m.GetName(),
		class:      strings.ToLower(m.GetWmClass()),
		executable: baseName(m.GetExecutable()),
		title:      title,
	}, err
}

func compileExclusions(list []*pb.Exclusion) ([]exclusion, error) {
	out := make([]exclusion, len(list))
	for i, m := range list {
		x, err := compileExclusion(proto.CloneOf(m))
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func (x exclusion) matches(w Window) bool {
	if x.class != "" && x.class != strings.ToLower(w.Class) && x.class != strings.ToLower(w.Instance) {
		return false
	}
	if x.executable != "" && x.executable != baseName(w.Executable) {
		return false
	}
	return x.title == nil || x.title.match(w.Title)
}

// baseName is the last part of a path of any system, in lower case, without ".exe" and without the mark that Linux adds
// to the path of a program that was replaced while it ran.
func baseName(p string) string {
	p = strings.TrimSuffix(strings.ToLower(p), " (deleted)")
	p = p[strings.LastIndexAny(p, `/\`)+1:]
	return strings.TrimSuffix(p, ".exe")
}
