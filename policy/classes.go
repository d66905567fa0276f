package policy

import (
	"slices"
	"strings"

	"github.com/byleave/byleave/proto/pb"
)

// Without returns the set with c taken away.
func (s Classes) Without(c Class) Classes { return s &^ (1 << c) }

// Meet returns what is in both sets.
func (s Classes) Meet(o Classes) Classes { return s & o }

// Within tells whether every class of s is in o.
func (s Classes) Within(o Classes) bool { return s&^o == 0 }

// String names the classes in their fixed order: "pointer, hotkeys".
func (s Classes) String() string {
	var names []string
	for _, c := range AllClasses() {
		if s.Has(c) {
			names = append(names, c.String())
		}
	}
	return strings.Join(names, ", ")
}

// AllClasses lists the classes that exist, in their fixed order.
func AllClasses() []Class { return []Class{Pointer, Hotkeys, Text, Frames, Elements, Labels, Lines} }

// String is the name that policies, commands and people use for the class.
func (c Class) String() string {
	switch c {
	case Pointer:
		return "pointer"
	case Hotkeys:
		return "hotkeys"
	case Text:
		return "text"
	case Frames:
		return "frames"
	case Elements:
		return "elements"
	case Labels:
		return "labels"
	case Lines:
		return "lines"
	}
	return "no class"
}

// ClassNamed returns the class with that name; ok is false if there is none.
func ClassNamed(name string) (c Class, ok bool) {
	for _, c := range AllClasses() {
		if c.String() == name {
			return c, true
		}
	}
	return 0, false
}

// classesOf makes a set of a list that was validated.
func classesOf(list []pb.DataClass) Classes {
	var s Classes
	for _, c := range list {
		s = s.With(Class(c))
	}
	return s
}

// list is the set as a message holds it, in the fixed order.
func (s Classes) list() []pb.DataClass {
	var out []pb.DataClass
	for _, c := range AllClasses() {
		if s.Has(c) {
			out = append(out, pb.DataClass(c))
		}
	}
	return slices.Clip(out)
}
