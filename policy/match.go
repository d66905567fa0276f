package policy

import (
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/byleave/byleave/proto/pb"
)

// maxTitle is the longest title or name, in bytes, that is matched at all. A longer one is not cut, since the cut part
// might be what excludes the window: the window is blind.
const maxTitle = 4096

// Window is the identity of a window as capture sees it. It is raw data: never logged, never in an error.
type Window struct {
	Class, Instance string // the two parts of WM_CLASS; elsewhere Class is the executable's base name
	Executable      string // absolute path, symbolic links resolved
	Title           string
}

// readable tells whether every part is short and proper text.
func (w Window) readable() bool {
	for _, s := range [...]string{w.Class, w.Instance, w.Executable, w.Title} {
		if len(s) > maxTitle || !utf8.ValidString(s) {
			return false
		}
	}
	return true
}

// matcher is a compiled pattern. It runs in time linear in the title, whatever the pattern.
type matcher struct{ re *regexp.Regexp }

func (m *matcher) match(s string) bool { return m.re.MatchString(s) }

// anchored compiles a pattern that must match a whole title. The pattern is compiled alone first, so that it cannot close
// the group it is put in.
func anchored(pattern string) (*matcher, error) {
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	return &matcher{re}, err
}

// anywhere compiles a pattern that may match any part of a title, in upper or lower case: for exclusions, where more is
// safer. The empty pattern has no matcher.
func anywhere(pattern string) (*matcher, error) {
	if pattern == "" {
		return nil, nil
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(`(?i:` + pattern + `)`)
	return &matcher{re}, err
}

// application is one entry of a policy, compiled.
type application struct {
	id, class   string
	executables []string
	titles      []*matcher
}

func compileApplications(list []*pb.Application) ([]application, error) {
	var out []application
	for _, a := range list {
		c := application{id: a.GetId(), class: a.GetWmClass(), executables: slices.Clone(a.GetExecutables())}
		for _, p := range a.GetTitlePatterns() {
			m, err := anchored(p)
			if err != nil {
				return nil, err
			}
			c.titles = append(c.titles, m)
		}
		out = append(out, c)
	}
	return out, nil
}

func (a application) matches(w Window) bool {
	return a.class == w.Class && slices.Contains(a.executables, w.Executable) &&
		(len(a.titles) == 0 || slices.ContainsFunc(a.titles, func(m *matcher) bool { return m.match(w.Title) }))
}

// first is the id of the first application that w belongs to, empty if there is none.
func first(list []application, w Window) string {
	if i := slices.IndexFunc(list, func(a application) bool { return a.matches(w) }); i >= 0 {
		return list[i].id
	}
	return ""
}
