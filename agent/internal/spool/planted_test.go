package spool

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// planted is one mistake that a spool could make, as its disk would see it.
type planted struct {
	name string
	lies func() func(op, name string) lie
}

// always tells one lie about one operation on files of that suffix.
func always(l lie, op, suffix string) func() func(string, string) lie {
	return func() func(string, string) lie {
		return func(o, name string) lie {
			if o == op && strings.HasSuffix(strings.TrimRight(name, "0123456789"), suffix) {
				return l
			}
			return truth
		}
	}
}

// temp tells one lie about one operation on the temporary file of what has that prefix.
func temp(l lie, op, prefix string) func() func(string, string) lie {
	return func() func(string, string) lie {
		return func(o, name string) lie {
			if o == op && strings.HasPrefix(path.Base(name), prefix) {
				return l
			}
			return truth
		}
	}
}

// unsynced leaves the folder unsynced after that operation on a file of one of those suffixes.
func unsynced(op string, suffixes ...string) func() func(string, string) lie {
	return func() func(string, string) lie {
		pending := false
		return func(o, name string) lie {
			switch {
			case o == op && slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) }):
				pending = true
			case o == "syncdir" && strings.HasSuffix(name, "/spool") && pending:
				pending = false
				return skip
			}
			return truth
		}
	}
}

// bugs are those that do harm. A session mark that is torn does none, by design: that it is there says all. Nor does one missing sync of
// the folder between a box and its chain mark: the mark's own follows before anything is promised.
var bugs = []planted{
	{"the folder is never synced", always(skip, "syncdir", "/spool")},
	{"no file is synced", always(skip, "sync", "")},
	{"a box is not synced", temp(skip, "sync", "0000")},
	{"the chain mark is not synced", temp(skip, "sync", "chain")},
	{"the folder is not synced after a new box and its mark: an early ack", unsynced("rename", heldSuffix, chainName)},
	{"the folder is not synced after a destruction", unsynced("remove", heldSuffix)},
	{"the folder is not synced after a copy was destroyed", unsynced("remove", sentSuffix)},
	{"the quarantine is not synced", always(skip, "syncdir", quarantineName)},
	{"a box is renamed by copying", always(copied, "rename", heldSuffix)},
	{"the chain mark is renamed by copying", always(copied, "rename", chainName)},
	{"the rename of a box is forgotten", always(skip, "rename", heldSuffix)},
	{"the rename of the chain mark is forgotten", always(skip, "rename", chainName)},
	{"the rename of the session mark is forgotten", always(skip, "rename", sessionName)},
	{"half of a box is written", temp(half, "write", "0000")},
	{"half of the chain mark is written", temp(half, "write", "chain")},
	{"a bit of a box is another", temp(flip, "write", "0000")},
	{"a bit of the chain mark is another", temp(flip, "write", "chain")},
	{"a destroyed box stays", always(skip, "remove", heldSuffix)},
	{"a destroyed copy stays", always(skip, "remove", sentSuffix)},
	{"unsent boxes are dropped without a count", always(skip, "rename", droppedName)},
}

// stumble is how a script under a planted bug ends by itself.
type stumble struct{ testing.TB }

func (stumble) Helper()                           {}
func (stumble) Fatal(args ...any)                 { panic(stumbled(fmt.Sprint(args...))) }
func (stumble) Fatalf(format string, args ...any) { panic(stumbled(fmt.Sprintf(format, args...))) }

type stumbled string

// find says how a planted bug is noticed, "" if it is not.
func find(t *testing.T, bug planted) (how string) {
	o := newOracle()
	defer func() {
		words, ok := recover().(stumbled)
		switch {
		case len(o.failures) > 0:
			how = fmt.Sprintf("%d failures in %d states, the first: %s", len(o.failures), o.states, o.failures[0])
		case ok:
			how = "the script stumbled: " + string(words)
		}
	}()
	d := newDisk()
	d.lies = bug.lies()
	o.enumerate(stumble{t}, d, 5)
	return ""
}

// TestOracleHasTeeth: every planted bug is found, and without one nothing is.
func TestOracleHasTeeth(t *testing.T) {
	for _, bug := range bugs {
		how := find(t, bug)
		if how == "" {
			t.Errorf("%s: not noticed", bug.name)
		}
		t.Logf("%s: %s", bug.name, how)
	}
	if how := find(t, planted{"none", func() func(string, string) lie { return nil }}); how != "" {
		t.Errorf("without a bug: %s", how)
	}
	t.Logf("%d planted bugs", len(bugs))
}
