package rights

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/encoding/protojson"
)

// ErrNotEmpty means that something is there already. An export never overwrites.
var ErrNotEmpty = errors.New("the folder holds something already; name one that is empty or does not exist")

// Sealed is one file of what was recorded.
type Sealed struct {
	Name        string // of the file
	State       string // held, sent, set aside
	Batch       envelope.ID
	Sequence    uint64
	From, Until time.Time
	Raw         func() ([]byte, error)
	Device      ed25519.PublicKey // who sealed it; nil: this computer
}

// Paper is something else of the person's: a consent, a receipt, a record.
type Paper struct {
	Path string // inside the export, with slashes
	Body []byte
}

// Manifest says what an export holds. It is written last: an export without one is not whole.
type Manifest struct {
	Format string     `json:"format"`
	Made   time.Time  `json:"made"`
	Boxes  []BoxEntry `json:"boxes"`
	Files  []File     `json:"files"` // everything in the folder but the manifest itself
}

// BoxEntry is one box of the spool. SHA256 is of the sealed file as it lay there.
type BoxEntry struct {
	File     string    `json:"file"`
	State    string    `json:"state"`
	Batch    string    `json:"batch,omitempty"`
	Sequence uint64    `json:"sequence,omitempty"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Bytes    int       `json:"bytes"`
	SHA256   string    `json:"sha256"`
	Events   int       `json:"events"`
	Frames   []string  `json:"frames,omitempty"`
	Damaged  string    `json:"damaged,omitempty"` // why it does not open; its bytes lie in damaged/ as they are
}

// File is one file of the export.
type File struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

const exportFormat = "byleave export-mine 1"

// export is a folder being written.
type export struct {
	dir    string
	read   Reader
	events io.Writer
	man    Manifest
	have   map[string]bool // paths
}

// Export writes everything of the person's into dir, readable: what was recorded line by line, the pictures, and the papers. It
// refuses a folder that holds something, overwrites nothing, and calls step after each box. A box that does not open is copied
// as it is and stops nothing. fetch gives boxes that are elsewhere, each to take; nil: there are none.
func (r Reader) Export(dir string, boxes []Sealed, fetch func(take func(Sealed) error) error, papers []Paper, step func()) (m Manifest, err error) {
	if err := emptyFolder(dir); err != nil {
		return m, err
	}
	events, err := os.OpenFile(filepath.Join(dir, "events.jsonl"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return m, fmt.Errorf("write the export: %w", err)
	}
	defer func() { err = errors.Join(err, events.Close()) }()
	sum := &counted{sum: sha256.New()}
	x := &export{dir: dir, read: r, events: io.MultiWriter(events, sum), have: map[string]bool{}}
	x.man.Format, x.man.Made = exportFormat, time.Now().Truncate(time.Second)
	for _, b := range boxes {
		if err := x.box(b); err != nil {
			return m, err
		}
		step()
	}
	if fetch != nil {
		err := fetch(func(b Sealed) error {
			defer step()
			return x.box(b)
		})
		if err != nil {
			return m, err
		}
	}
	for _, p := range append(papers, Paper{"README.txt", []byte(readme)}) {
		if err := x.file(p.Path, p.Body); err != nil {
			return m, err
		}
	}
	x.man.Files = append(x.man.Files, File{"events.jsonl", sum.n, hex.EncodeToString(sum.sum.Sum(nil))})
	slices.SortFunc(x.man.Files, func(a, b File) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	body, err := json.MarshalIndent(x.man, "", "  ")
	if err != nil {
		return m, fmt.Errorf("write the manifest: %w", err)
	}
	if err := errors.Join(events.Sync(), x.put("manifest.json", append(body, '\n'))); err != nil {
		return m, err
	}
	return x.man, nil
}

const readme = `Everything that Byleave keeps of you on this computer, or what the collector gave back of it, readable by anyone who can read this folder.
Keep it where only you can; delete it when you no longer need it.

events.jsonl   one action or gap a line, in the order of the boxes; what each field means: docs/dictionary.md
frames/        the masked pictures, named by their SHA-256
damaged/       boxes that do not open, as they are
consents/      what you agreed to, signed, and the policies, signed
receipts/      your receipts
records/       what the collector signed of erasures
manifest.json  every box and every file with its SHA-256; it is written last
`

// emptyFolder makes the folder, or takes an empty one.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = os.Mkdir(dir, 0o700)
	case err == nil && len(entries) > 0:
		err = ErrNotEmpty
	case err == nil:
		err = os.Chmod(dir, 0o700) // it will hold what was recorded in the clear
	}
	if err != nil {
		return fmt.Errorf("export into %s: %w", dir, err)
	}
	return nil
}

// box writes one box out.
func (x *export) box(b Sealed) error {
	raw, err := b.Raw()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was forgotten meanwhile
	}
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	e := BoxEntry{File: b.Name, State: b.State, Sequence: b.Sequence, From: b.From.UTC(), Until: b.Until.UTC(), Bytes: len(raw), SHA256: hex.EncodeToString(sum[:])}
	if b.Sequence > 0 {
		e.Batch = hex.EncodeToString(b.Batch[:])
	}
	read := x.read
	if b.Device != nil {
		read.device = b.Device
	}
	p, err := read.Open(raw, b.Batch, b.Sequence)
	if err != nil {
		e.Damaged = Damage(err)
		x.man.Boxes = append(x.man.Boxes, e)
		return x.file("damaged/"+e.SHA256, raw) // a name from outside never becomes a path
	}
	if b.From.IsZero() {
		e.From, e.Until = covers(p)
	}
	e.Events = len(p.GetEvents())
	for _, f := range p.GetFrames() {
		hash := hex.EncodeToString(f.GetSha256())
		e.Frames = append(e.Frames, hash)
		if err := x.file("frames/"+hash+".png", f.GetImage()); err != nil {
			return err
		}
	}
	x.man.Boxes = append(x.man.Boxes, e)
	return x.lines(e, p)
}

// covers is the time of a payload, in whole seconds, rounded outwards.
func covers(p *pb.Payload) (from, until time.Time) {
	first := time.UnixMilli(p.GetStartedAt())
	last := first
	for _, e := range p.GetEvents() {
		for _, ms := range []int64{e.GetAtMs(), e.GetGap().GetEndMs()} {
			if t := first.Add(time.Duration(ms) * time.Millisecond); t.After(last) {
				last = t
			}
		}
	}
	return first.Truncate(time.Second).UTC(), last.Add(time.Second - 1).Truncate(time.Second).UTC()
}

// line is one event of events.jsonl.
type line struct {
	Box      string          `json:"box"`
	State    string          `json:"state"`
	Session  string          `json:"session"`
	At       time.Time       `json:"at"`
	Platform json.RawMessage `json:"platform,omitempty"`
	Redactor string          `json:"redactor"`
	Event    json.RawMessage `json:"event"` // as it was sealed
}

func (x *export) lines(e BoxEntry, p *pb.Payload) error {
	enc := json.NewEncoder(x.events)
	enc.SetEscapeHTML(false)
	names := protojson.MarshalOptions{UseProtoNames: true}
	platform, err := names.Marshal(p.GetPlatform())
	if err != nil {
		return fmt.Errorf("write out a box: %w", err)
	}
	for _, ev := range p.GetEvents() {
		b, err := names.Marshal(ev)
		if err != nil {
			return fmt.Errorf("write out a box: %w", err)
		}
		at := time.UnixMilli(p.GetStartedAt()).Add(time.Duration(ev.GetAtMs()) * time.Millisecond)
		l := line{Box: e.Batch, State: e.State, Session: hex.EncodeToString(p.GetSession()), At: at.UTC(), Platform: platform, Redactor: p.GetRedactor(), Event: b}
		if err := enc.Encode(l); err != nil {
			return fmt.Errorf("write the export: %w", err)
		}
	}
	return nil
}

// file writes a file of the export once, and notes it.
func (x *export) file(path string, body []byte) error {
	if x.have[path] {
		return nil // the same picture in two boxes
	}
	x.have[path] = true
	sum := sha256.Sum256(body)
	x.man.Files = append(x.man.Files, File{path, int64(len(body)), hex.EncodeToString(sum[:])})
	return x.put(path, body)
}

func (x *export) put(path string, body []byte) error {
	name := filepath.Join(x.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	_, err = f.Write(body)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	return nil
}

// counted hashes and counts what goes by.
type counted struct {
	sum interface {
		io.Writer
		Sum([]byte) []byte
	}
	n int64
}

// Write never fails.
func (c *counted) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return c.sum.Write(b)
}
