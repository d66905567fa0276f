package main

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// recording writes boxes into the person's spool, as the agent leaves them, sealed with the real seal.
type recording struct {
	t        testing.TB
	p        *person
	dir      string
	sequence uint64
	previous [32]byte
}

func (p *person) record() *recording {
	p.t.Helper()
	r := &recording{t: p.t, p: p, dir: filepath.Join(os.Getenv("BYLEAVE_HOME"), "spool")}
	must(p.t, os.MkdirAll(r.dir, 0o700))
	return r
}

// box seals a payload and writes it with its span.
func (r *recording) box(p *pb.Payload, sent bool) (name string) {
	r.t.Helper()
	id, err := r.p.keys.Identity()
	must(r.p.t, err)
	custodian, err := hpke.MLKEM768X25519().NewPublicKey(r.p.box)
	must(r.p.t, err)
	consent, pinned := [16]byte{3}, [32]byte{4}
	if r.p.last > 0 { // somebody asked
		if c := r.p.inForce(); !c.IsZero() {
			d, err := openDevice()
			must(r.p.t, err)
			consent, pinned = c.ID(), d.newest.Digest()
		}
	}
	body, err := proto.Marshal(p)
	must(r.p.t, err)
	r.sequence++
	b, err := seal.Seal(seal.Params{
		Subject: id.Subject, Device: id.Device, Consent: consent, Policy: pinned, Purpose: "train-agents", Sequence: r.sequence, Previous: r.previous,
		Custodians: []hpke.PublicKey{custodian}, Vault: id.VaultKey, Person: id.PersonKey, Sign: id.Sign,
	}, body)
	must(r.p.t, err)
	r.previous = b.Digest()
	return r.write(b, p, sent)
}

func (r *recording) write(b envelope.Box, p *pb.Payload, sent bool) (name string) {
	first := time.UnixMilli(p.GetStartedAt())
	last := first.Add(time.Duration(p.GetEvents()[len(p.GetEvents())-1].GetAtMs()) * time.Millisecond)
	name = fmt.Sprintf("%016x-%x", b.Header().Sequence, b.Header().Batch)
	span := fmt.Sprintf("byleave span 1\nfrom %d\nuntil %d\n", first.Unix(), last.Add(time.Second-1).Unix())
	sum := sha256.Sum256([]byte(span))
	must(r.p.t, os.WriteFile(filepath.Join(r.dir, name+".span"), []byte(span+"sum "+hex.EncodeToString(sum[:])+"\n"), 0o600))
	suffix := ".box"
	if sent {
		suffix = ".sent"
	}
	must(r.p.t, os.WriteFile(filepath.Join(r.dir, name+suffix), b.Bytes(), 0o600))
	must(r.p.t, os.Chtimes(filepath.Join(r.dir, name+suffix), last, last))
	return name + suffix
}

// payload begins one at a time.
func payload(at time.Time, session byte) *pb.Payload {
	return &pb.Payload{Schema: 1, Session: bytes.Repeat([]byte{session}, 16), StartedAt: at.UnixMilli(), Redactor: "1-test", Platform: &pb.Platform{Os: "linux", Display: "x11"}}
}

// add appends an action after seconds.
func add(p *pb.Payload, seconds float64, a *pb.Action) {
	p.Events = append(p.Events, &pb.Event{AtMs: int64(seconds * 1000), What: &pb.Event_Action{Action: a}})
}

func addGap(p *pb.Payload, from, until float64, why pb.Reason) {
	p.Events = append(p.Events, &pb.Event{AtMs: int64(from * 1000), What: &pb.Event_Gap{Gap: &pb.Gap{EndMs: int64(until * 1000), Reason: why}}})
}

// picture puts a masked window into the payload and refers to it.
func picture(p *pb.Payload, seed int) *pb.FrameRef {
	b := maskedWindow(seed)
	sum := sha256.Sum256(b)
	for _, f := range p.Frames {
		if bytes.Equal(f.Sha256, sum[:]) {
			return &pb.FrameRef{Sha256: sum[:], Proof: "damage", AgeMs: 80}
		}
	}
	p.Frames = append(p.Frames, &pb.Frame{Sha256: sum[:], Width: 480, Height: 300, Format: "png", Image: b, Mask: "2"})
	return &pb.FrameRef{Sha256: sum[:], Proof: "damage", AgeMs: 80}
}

// maskedWindow draws an editor whose every line is a grey bar.
func maskedWindow(seed int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 480, 300))
	fill := func(r image.Rectangle, c color.Color) {
		draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	fill(img.Bounds(), color.RGBA{250, 250, 250, 255})
	fill(image.Rect(0, 0, 480, 26), color.RGBA{222, 226, 230, 255})
	fill(image.Rect(180, 9, 300, 17), color.RGBA{160, 166, 173, 255})
	fill(image.Rect(0, 26, 90, 300), color.RGBA{240, 242, 244, 255})
	for i := range 6 {
		fill(image.Rect(12, 44+i*20, 40+(seed*7+i*13)%40, 52+i*20), color.RGBA{188, 194, 200, 255})
	}
	for i := range 9 {
		if i%4 != 3 {
			fill(image.Rect(110, 48+i*22, 240+(seed*31+i*53)%200, 58+i*22), color.RGBA{176, 182, 189, 255})
		}
	}
	fill(image.Rect(380, 262, 460, 284), color.RGBA{70, 120, 200, 255})
	fill(image.Rect(402, 269, 438, 277), color.RGBA{200, 215, 240, 255})
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func window(app, title string) *pb.Window {
	return &pb.Window{Application: app, Title: title, Canvas: &pb.Rect{X: 40, Y: 60, Width: 480, Height: 300}, Screen: &pb.Rect{Width: 1920, Height: 1080}, Scale: 1}
}

func click(p *pb.Payload, app, title string, x, y int32) *pb.Action {
	return &pb.Action{Kind: pb.Kind_KIND_CLICK, Window: window(app, title), At: &pb.Point{X: x, Y: y}, Button: "left", Count: 1, Before: picture(p, int(x)), After: picture(p, int(y))}
}

func typed(app, title, net string, spans ...*pb.Span) *pb.Action {
	return &pb.Action{Kind: pb.Kind_KIND_TEXT, Window: window(app, title), Text: &pb.Text{Net: net, Spans: spans}}
}

// workday is an ordinary day: a morning that was sent, an afternoon that is held.
func (r *recording) workday(day time.Time) (names []string) {
	at := func(h, m int) time.Time { return time.Date(day.Year(), day.Month(), day.Day(), h, m, 0, 0, time.Local) }
	for i, from := range []time.Time{at(9, 4), at(9, 31), at(11, 2)} {
		p := payload(from, 7)
		add(p, 1, click(p, "editor", "letter to <TERM#1>", int32(120+i*30), 96))
		add(p, 4, typed("editor", "letter to <TERM#1>", "Please pay <IBAN#1> by Friday", &pb.Span{Start: 11, End: 19, Class: "IBAN", Id: 1}))
		addGap(p, 9, 23, pb.Reason_REASON_NOT_AGREED)
		add(p, 30, &pb.Action{Kind: pb.Kind_KIND_HOTKEY, Window: window("editor", "letter to <TERM#1>"), Hotkey: "ctrl+s"})
		names = append(names, r.box(p, true))
	}
	for i, from := range []time.Time{at(13, 12), at(13, 40), at(14, 6)} {
		p := payload(from, 8)
		add(p, 2, &pb.Action{Kind: pb.Kind_KIND_SCROLL, Window: window("files", "Invoices"), At: &pb.Point{X: 210, Y: 150}, ScrollY: 3})
		a := click(p, "files", "Invoices", int32(300+i*11), 270)
		a.Count, a.Element = 2, &pb.Element{Role: "push button", Name: "Open"}
		add(p, 6, a)
		addGap(p, 12, 18, pb.Reason_REASON_SECRET)
		add(p, 25, typed("editor", "notes", "ask <TERM#2> about the quarter", &pb.Span{Start: 4, End: 12, Class: "TERM", Id: 2}))
		names = append(names, r.box(p, false))
	}
	return names
}
