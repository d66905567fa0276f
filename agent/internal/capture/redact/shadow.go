package redact

import (
	"unicode"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// field is what is known of the text around the caret of the focused element. What lies beyond cells is unknown.
//
// The caret is an index of cells. A key that may put it elsewhere (paste, undo, Home, a click inside) makes the field start anew with
// no cells; so what stands in cells is contiguous in the element.
type field struct {
	focus  uint64
	cells  []cell
	caret  int
	anchor int  // where a selection began, -1 if there is none
	all    bool // everything in the element is selected
	left   edge // what touches cells[0]
	pem    bool // a key block was begun here and not ended
	torn   bool // the run before was cut in the middle of its last word
}

// cell is one character. typed is its place in the run's history, -1 if the run did not write it.
type cell struct {
	char  rune
	typed int32
}

// edge says what may touch the end of a piece of text.
type edge uint8

const (
	closed edge = iota // nothing that could belong to it
	soft               // unknown; an unfinished word is a word, but no number or odd token
	hard               // unknown, and the piece beside it is likely to be its other half
)

// contextCells is how many characters before the run are searched together with it.
const contextCells = 256

// mostRun is how long a run may be, in keys; a longer one is cut with hard edges.
const mostRun = 4 << 10

func newField(focus uint64, left edge) field { return field{focus: focus, anchor: -1, left: left} }

// selection gives the selected cells, equal numbers if there are none.
func (f *field) selection() (int, int) {
	if f.anchor < 0 {
		return f.caret, f.caret
	}
	return min(f.anchor, f.caret), max(f.anchor, f.caret)
}

// move takes the caret one character on; false if it leaves what is known.
func (f *field) move(by int, selecting bool) bool {
	lo, hi := f.selection()
	switch {
	case selecting && f.anchor < 0:
		f.anchor = f.caret
	case !selecting && lo < hi:
		f.anchor = -1
		if f.caret = lo; by > 0 {
			f.caret = hi
		}
		return true
	case !selecting:
		f.anchor = -1
	}
	f.caret += by
	return f.caret >= 0 && f.caret <= len(f.cells)
}

// wordBack is where ctrl+BackSpace deletes to; false where toolkits differ.
func (f *field) wordBack() (int, bool) {
	i := f.caret
	for i > 0 && unicode.IsSpace(f.cells[i-1].char) {
		i--
	}
	j := i
	for j > 0 && unicode.IsLetter(f.cells[j-1].char) {
		j--
	}
	return j, j < i && (j == 0 && f.left == closed || j > 0 && unicode.IsSpace(f.cells[j-1].char))
}

// trim forgets what lies too far before the caret to matter.
func (f *field) trim() {
	if extra := f.caret - contextCells; extra > 0 {
		rest := copy(f.cells, f.cells[extra:])
		clear(f.cells[rest:])
		f.cells = f.cells[:rest]
		f.caret -= extra
		f.left = soft
	}
	if len(f.cells) > 2*contextCells {
		clear(f.cells[2*contextCells:])
		f.cells = f.cells[:2*contextCells]
	}
}

// forget wipes the field.
func (f *field) forget(left edge) {
	clear(f.cells[:cap(f.cells)])
	*f = field{focus: f.focus, cells: f.cells[:0], anchor: -1, left: left}
}

// edit applies one key. It settles the run and begins another where a key breaks it.
func (r *Redactor) edit(k raw.Key) {
	f := &r.field
	if r.run.grown && k.Edit != raw.NoEdit {
		r.peak() // what stands here now may be taken apart
	}
	if f.all && k.Edit != raw.SelectAll {
		r.editAll(k)
		return
	}
	switch k.Edit {
	case raw.NoEdit:
		r.insert(k.Rune)
	case raw.Newline:
		r.insert('\n')
	case raw.Tab:
		r.insert('\t')
	case raw.Backspace:
		if lo, hi := f.selection(); lo < hi {
			r.remove(lo, hi)
		} else {
			r.remove(f.caret-1, f.caret)
		}
	case raw.Delete:
		if lo, hi := f.selection(); lo < hi {
			r.remove(lo, hi)
		} else {
			r.remove(f.caret, f.caret+1)
		}
	case raw.WordBack:
		at, ok := f.wordBack()
		r.remove(at, f.caret)
		if !ok {
			r.lose()
		}
	case raw.Left, raw.Right, raw.SelectLeft, raw.SelectRight:
		if j := r.run.jumps; len(r.run.typed) > 0 && (len(j) == 0 || j[len(j)-1] != len(r.run.typed)) {
			r.run.jumps = append(j, len(r.run.typed))
		}
		by := 1
		if k.Edit == raw.Left || k.Edit == raw.SelectLeft {
			by = -1
		}
		if !f.move(by, k.Edit == raw.SelectLeft || k.Edit == raw.SelectRight) {
			r.lose()
		}
	case raw.SelectAll:
		f.all = true
	default:
		r.lose()
	}
}

// editAll applies a key while everything is selected: afterwards the element is empty, or the caret is unknown.
func (r *Redactor) editAll(k raw.Key) {
	f := &r.field
	f.all = false
	switch k.Edit {
	case raw.NoEdit, raw.Newline, raw.Tab, raw.Backspace, raw.Delete:
		r.remove(0, len(f.cells))
		r.run.deleted++ // at least; nobody knows how much stood there
		f.left, f.pem = closed, false
		f.anchor = -1
		if k.Edit == raw.NoEdit || k.Edit == raw.Newline || k.Edit == raw.Tab {
			r.edit(k)
		}
	default:
		r.lose()
	}
}

// insert writes a character at the caret, in place of the selection.
func (r *Redactor) insert(c rune) {
	f := &r.field
	if lo, hi := f.selection(); lo < hi {
		r.remove(lo, hi)
	}
	f.anchor = -1
	if r.run.typed != nil && (f.caret < r.run.lo || f.caret > r.run.hi || len(r.run.typed) >= mostRun) {
		r.cutRun()
	}
	n := &r.run
	if n.typed == nil {
		n.lo, n.hi = f.caret, f.caret
	}
	f.cells = append(f.cells, cell{})
	copy(f.cells[f.caret+1:], f.cells[f.caret:])
	f.cells[f.caret] = cell{c, int32(len(n.typed))}
	n.typed = append(n.typed, c)
	n.marks = append(n.marks, 0)
	f.caret++
	n.hi++
	n.grown = true
}

// remove deletes the cells from lo to hi; those that are not known were there all the same.
func (r *Redactor) remove(lo, hi int) {
	f, n := &r.field, &r.run
	if n.grown {
		r.peak() // a selection is overtyped
	}
	n.edited = true
	n.deleted += hi - lo
	if lo < 0 {
		f.left = max(f.left, soft)
	}
	lo, hi = max(lo, 0), min(hi, len(f.cells))
	f.anchor = -1
	if lo >= hi {
		f.caret = min(max(f.caret, 0), len(f.cells))
		return
	}
	f.cells = append(f.cells[:lo], f.cells[hi:]...)
	clear(f.cells[len(f.cells) : len(f.cells)+hi-lo])
	n.lo, n.hi = without(n.lo, lo, hi), without(n.hi, lo, hi)
	f.caret = lo
}

// without is where index i lies after lo to hi were deleted.
func without(i, lo, hi int) int {
	switch {
	case i <= lo:
		return i
	case i >= hi:
		return i - (hi - lo)
	}
	return lo
}

// cutRun ends the run in the middle of the text: what goes on elsewhere may be its other half.
func (r *Redactor) cutRun() {
	next := r.run.after()
	r.settle(hard)
	r.run = next
	r.run.lo, r.run.hi = r.field.caret, r.field.caret
}

// lose is called when the caret is no longer known.
func (r *Redactor) lose() {
	next := r.run.after()
	r.settle(hard)
	r.field.forget(r.leftOf(r.field.focus))
	r.run = next
	r.run.lo, r.run.hi = 0, 0
}
