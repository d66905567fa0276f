package dictionary

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/byleave/byleave/proto/pb"
)

// world is what a made-up person works with. Dictionaries are trained in one world and judged in another, so that no name counts that
// only the training knew.
type world struct {
	applications, titles, names []string
	words                       []string
}

var training = world{
	applications: strings.Fields("editor writer spreadsheet mail files viewer terminal browser calendar slides notes chat drawing calculator forms crm tickets erp"),
	titles: []string{"Untitled 1 - Mousepad", "*letter.txt - Mousepad", "Budget 2026.xlsx - LibreOffice Calc", "Report.docx - LibreOffice Writer", "Inbox - Thunderbird",
		"Documents - Thunar", "Re: Order <NUMBER#1> - Thunderbird", "invoice.pdf", "Customer <TERM#1>", "New ticket", "Dashboard", "Settings", "Open File", "Save As"},
	names: strings.Split("Save,Open,Cancel,OK,Close,New,File,Edit,View,Help,Search,Find,Replace,Print,Copy,Paste,Cut,Undo,Redo,Delete,Send,Reply,Forward,Next,Back,Previous,"+
		"Insert,Format,Tools,Window,Options,Apply,Yes,No,Add,Remove,Name,Address,Subject,To,Date,Amount,Total,Status,Home,Settings,Menu,Select all,Zoom in,Zoom out", ","),
	words: strings.Fields(`the of and to in a is that for it as was with be by on not he this are or his from at which but have an had they you were their one all we can
		her has there been if more when will would who so no she other its may these what them than some him time into only do such my new out also two any up first should
		after made about over even most through between where how work please find attached regards thank order number customer delivery invoice payment report meeting
		tomorrow week month price total item question answer call send check update change need want next last well good people day year way many must before great same
		because another know might us under since against right used take three himself house while both without small does part place long still here found now large`),
}

var other = world{
	applications: strings.Fields("planner ledger intranet support"),
	titles:       []string{"Q3 forecast - Gnumeric", "Holiday list - gedit", "Ticket <NUMBER#4>: printer on floor two", "Warehouse overview"},
	names:        strings.Split("Submit,Discard,Assign to me,Quantity,Supplier,Archive,Refresh,More", ","),
	words:        strings.Fields("shipping container arrived damaged supplier promised replacement until friday storage rack seven needs inspection again colleagues moved boxes towards entrance"),
}

var (
	roles = strings.Split("push button,menu item,text,entry,check box,radio button,toggle button,combo box,list item,table cell,tree item,page tab,link,label,menu,tool bar,"+
		"scroll bar,slider,spin button,frame,dialog,panel,icon,image,paragraph,heading,document web,document text,document frame,section,list,table,terminal,status bar,filler,"+
		"column header,row header,check menu item,radio menu item,separator,split pane,viewport,window,alert,progress bar,canvas,password text,autocomplete,header,form,tree table", ",")
	hotkeys = strings.Fields("Return Tab shift+Tab Escape BackSpace Delete Up Down Left Right Home End Page_Up Page_Down F1 F2 F5 F11 ctrl+a ctrl+c ctrl+v ctrl+x ctrl+z ctrl+s ctrl+f " +
		"ctrl+n ctrl+o ctrl+p ctrl+w ctrl+t ctrl+y ctrl+Home ctrl+End ctrl+Left ctrl+Right shift+Left shift+Right ctrl+shift+Left ctrl+shift+Right alt+Left alt+F4 KP_Enter super+l ctrl+Tab ctrl+shift+z ctrl+b ctrl+i")
	screens  = [][2]int32{{1920, 1080}, {2560, 1440}, {1366, 768}, {3840, 2160}, {1536, 864}, {1280, 800}, {1680, 1050}}
	withheld = []string{"another action came first", "not permitted any more", "no picture proven older than the press", "no picture", "text is withheld", "not known", "recording stopped", "too large"}
	classes  = strings.Fields("TOKEN TOKEN TOKEN NUMBER TERM EMAIL PHONE IBAN CARD SECRET TOKEN KEY")
)

// person makes up boxes.
type person struct {
	*rand.Rand
	world
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// minute is one in which 12 to 23 things are done.
func (p person) minute() *pb.Payload { return p.payload(12 + p.IntN(12)) }

// payload is n things done, most of them in the window of the one before.
func (p person) payload(n int) *pb.Payload {
	out := p.empty()
	w := p.window()
	last, touched, at := (*pb.Frame)(nil), (*pb.Element)(nil), int64(0)
	for range n {
		if p.IntN(12) == 0 {
			w = p.window()
		}
		a := p.action(w, touched)
		touched = cmp.Or(a.Element, touched)
		a.Before, last = p.ref(out, w, last, p.IntN(4) == 0, pick(p.Rand, []string{"slot", "damage"}))
		a.After, last = p.ref(out, w, last, p.IntN(8) > 0, pick(p.Rand, []string{"settled", "settled", "settled", "cap"}))
		at += int64(p.IntN(60)) * 100
		if a.Text != nil {
			at = at / 1000 * 1000
		}
		e := &pb.Event{AtMs: at, What: &pb.Event_Action{Action: a}}
		if p.IntN(30) == 0 {
			e.What = &pb.Event_Gap{Gap: &pb.Gap{EndMs: at/1000*1000 + int64(p.IntN(20))*1000, Reason: pb.Reason(1 + p.IntN(11))}}
		}
		out.Events = append(out.Events, e)
	}
	return out
}

// work is a minute at one text, as the load of bench/agent plays it: a click, some words, now and then the wheel.
func (p person) work() *pb.Payload {
	out, w, at := p.empty(), p.window(), int64(0)
	text := &pb.Element{Role: "text", Rect: &pb.Rect{Y: 30, Width: 1900, Height: 1000}}
	last := (*pb.Frame)(nil)
	for i := range 42 {
		x, y := int32(p.IntN(600)), int32(p.IntN(400))
		point := &pb.Point{X: x, Y: y, Nx: float64(x) / float64(w.Canvas.Width), Ny: float64(y) / float64(w.Canvas.Height)}
		a := &pb.Action{Window: w, Element: text}
		switch {
		case i%7 == 6:
			a.Kind, a.At, a.ScrollY = pb.Kind_KIND_SCROLL, point, 3
		case i%2 == 0:
			a.Kind, a.At, a.Button, a.Count = pb.Kind_KIND_CLICK, point, "left", 1
		default:
			a.Kind, a.Text = pb.Kind_KIND_TEXT, p.text()
		}
		a.Before, last = p.ref(out, w, last, p.IntN(4) == 0, "slot")
		a.After, last = p.ref(out, w, last, true, "settled")
		at += int64(10+p.IntN(10)) * 100
		out.Events = append(out.Events, &pb.Event{AtMs: at, What: &pb.Event_Action{Action: a}})
	}
	return out
}

// empty is a minute in which nothing is done.
func (p person) empty() *pb.Payload {
	return &pb.Payload{Schema: 1, Session: p.random(16), StartedAt: 1_700_000_000_000 + int64(p.IntN(1<<31))*100, Redactor: "byleave-redact/3 " + fmt.Sprintf("%x", p.random(8)),
		Platform: &pb.Platform{Os: "linux", Display: "x11"}}
}

func (p person) random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(p.Uint32())
	}
	return b
}

func (p person) window() *pb.Window {
	s := pick(p.Rand, screens)
	screen := &pb.Rect{Width: s[0], Height: s[1]}
	canvas := &pb.Rect{Y: 27, Width: s[0], Height: s[1] - 27}
	if p.IntN(2) == 0 {
		canvas = &pb.Rect{X: int32(p.IntN(300)), Y: int32(p.IntN(200)), Width: 600 + int32(p.IntN(700)), Height: 400 + int32(p.IntN(500))}
	}
	return &pb.Window{Application: pick(p.Rand, p.applications), Title: pick(p.Rand, p.titles), Canvas: canvas, Screen: screen, Monitors: []*pb.Rect{screen}, Scale: 1}
}

// ref names the last picture, or a new one. A picture here is its own number: only how it is named is learnt.
func (p person) ref(out *pb.Payload, w *pb.Window, last *pb.Frame, fresh bool, proof string) (*pb.FrameRef, *pb.Frame) {
	if p.IntN(10) == 0 {
		return &pb.FrameRef{Withheld: pick(p.Rand, withheld)}, last
	}
	if fresh || last == nil {
		image := binary.BigEndian.AppendUint64(nil, p.Uint64())
		sum := sha256.Sum256(image)
		last = &pb.Frame{Sha256: sum[:], Width: uint32(w.Canvas.Width), Height: uint32(w.Canvas.Height), Format: "png", Image: image, Mask: "strokes-2"}
		out.Frames = append(out.Frames, last)
	}
	return &pb.FrameRef{Sha256: last.Sha256, AgeMs: uint32(p.IntN(400)), Proof: proof, Canvas: w.Canvas}, last
}

func (p person) action(w *pb.Window, last *pb.Element) *pb.Action {
	a := &pb.Action{Window: w, DurationMs: uint32(p.IntN(3)) * 100}
	x, y := int32(p.IntN(int(w.Canvas.Width))), int32(p.IntN(int(w.Canvas.Height)))
	at := func(x, y int32) *pb.Point {
		return &pb.Point{X: x, Y: y, Nx: float64(x) / float64(w.Canvas.Width), Ny: float64(y) / float64(w.Canvas.Height)}
	}
	switch n := p.IntN(20); {
	case n < 9:
		a.Kind, a.At, a.Button, a.Count = pb.Kind_KIND_CLICK, at(x, y), pick(p.Rand, []string{"left", "left", "left", "left", "right", "middle"}), pick(p.Rand, []uint32{1, 1, 1, 1, 2, 3})
	case n < 14:
		a.Kind, a.Text, a.DurationMs = pb.Kind_KIND_TEXT, p.text(), 0
	case n < 16:
		a.Kind, a.At, a.ScrollY, a.DurationMs = pb.Kind_KIND_SCROLL, at(x, y), int32(p.IntN(11)-5), uint32(p.IntN(10))*100
	case n < 19:
		a.Kind, a.Hotkey = pb.Kind_KIND_HOTKEY, pick(p.Rand, hotkeys)
	default:
		a.Kind, a.At, a.To, a.Button, a.DurationMs = pb.Kind_KIND_DRAG, at(x, y), at(int32(p.IntN(int(w.Canvas.Width))), y), "left", uint32(p.IntN(20))*100
	}
	switch n := p.IntN(8); {
	case n < 4 && last != nil:
		a.Element = last
	case n < 7:
		a.Element = &pb.Element{Role: pick(p.Rand, roles), Rect: &pb.Rect{X: x / 2, Y: y / 2, Width: 20 + int32(p.IntN(200)), Height: 16 + int32(p.IntN(40))}}
		if p.IntN(2) == 0 {
			a.Element.Name = pick(p.Rand, p.names)
		}
	}
	return a
}

func (p person) text() *pb.Text {
	if p.IntN(8) == 0 {
		return &pb.Text{Withheld: true}
	}
	var net strings.Builder
	t := &pb.Text{Deleted: pick(p.Rand, []uint32{0, 0, 0, 4, 8})}
	for range 1 + p.IntN(5) {
		if p.IntN(6) == 0 {
			class := pick(p.Rand, classes)
			s := &pb.Span{Start: uint32(net.Len()), Class: class, Id: 1 + uint32(p.IntN(40)), Length: pick(p.Rand, []uint32{4, 8, 16, 17})}
			fmt.Fprintf(&net, "<%s#%d>", class, s.Id)
			s.End = uint32(net.Len())
			t.Spans = append(t.Spans, s)
		} else {
			net.WriteString(pick(p.Rand, p.words))
		}
		net.WriteByte(' ')
	}
	t.Net = net.String()
	return t
}
