package export

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

// widest bounds a frame that is written: more pixels on a side than any desktop has.
const widest = 16384

// part is the steps of one box, in a file of its own until all have come.
type part struct {
	person, device   int // in the order in which they appeared
	sequence         uint64
	previous, digest [32]byte
	steps            int
}

// writer writes one export. No name in it comes from inside a box.
type writer struct {
	dir, purpose string
	key          [32]byte // names frames: HMAC, so that two exports share no name
	persons      map[[16]byte]int
	devices      map[[16]byte]int
	parts        []part
	links        map[link]bool
	frames       map[string]bool
	m            Manifest
}

// link is a place in a device's chain.
type link struct {
	device   int
	sequence uint64
}

// newWriter takes an empty or absent folder.
func newWriter(dir, purpose string) (*writer, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look at the export folder: %w", err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty; an export begins in a folder of its own", dir)
	}
	for _, sub := range []string{"frames", "trajectories", partsDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("make the export folder: %w", err)
		}
	}
	w := &writer{
		dir: dir, purpose: purpose, persons: map[[16]byte]int{}, devices: map[[16]byte]int{}, links: map[link]bool{}, frames: map[string]bool{},
		m: Manifest{Schema: 1, Purpose: purpose, Refused: map[string]int{}, Fields: fields},
	}
	rand.Read(w.key[:])
	return w, nil
}

const partsDir = ".parts"

// refuse counts a box that is left out.
func (w *writer) refuse(why string) error {
	w.m.Refused[why]++
	return nil
}

// box writes the frames and the steps of one opened box.
func (w *writer) box(person [16]byte, b envelope.Box, p *pb.Payload) error {
	h := b.Header()
	pt := part{person: index(w.persons, person), device: index(w.devices, h.Device), sequence: h.Sequence, previous: h.Previous, digest: b.Digest()}
	if link := (link{pt.device, pt.sequence}); w.links[link] {
		return w.refuse("its number in the chain stands twice")
	} else {
		w.links[link] = true
	}
	names := map[string]string{}
	for _, f := range p.GetFrames() {
		name, err := w.frame(f)
		if err != nil {
			return err
		}
		names[string(f.GetSha256())] = name
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(true)
	for _, s := range steps(p, names) {
		if err := enc.Encode(s); err != nil {
			return fmt.Errorf("encode a step: %w", err)
		}
		pt.steps++
	}
	w.count(p)
	w.parts = append(w.parts, pt)
	return os.WriteFile(w.partName(pt), buf.Bytes(), 0o600)
}

func (w *writer) count(p *pb.Payload) {
	w.m.Boxes++
	for _, e := range p.GetEvents() {
		if e.GetAction() != nil {
			w.m.Actions++
		} else {
			w.m.Gaps++
		}
	}
	if !slices.Contains(w.m.Redactors, p.GetRedactor()) {
		w.m.Redactors = append(w.m.Redactors, p.GetRedactor())
	}
}

// index numbers what a random id names.
func index(m map[[16]byte]int, id [16]byte) int {
	n, ok := m[id]
	if !ok {
		n = len(m) + 1
		m[id] = n
	}
	return n
}

func (w *writer) partName(p part) string {
	return filepath.Join(w.dir, partsDir, fmt.Sprintf("%06d-%06d-%020d", p.person, p.device, p.sequence))
}

// frame writes a frame once, under a name that no other export has. What is no picture is not written, and the name is empty.
func (w *writer) frame(f *pb.Frame) (string, error) {
	c, err := png.DecodeConfig(bytes.NewReader(f.GetImage()))
	if f.GetFormat() != "png" || err != nil || c.Width > widest || c.Height > widest {
		return "", w.refuseFrame()
	}
	mac := hmac.New(sha256.New, w.key[:])
	mac.Write(f.GetSha256())
	name := "frames/" + hex.EncodeToString(mac.Sum(nil)[:16]) + ".png"
	if w.frames[name] {
		return name, nil
	}
	w.frames[name] = true
	return name, os.WriteFile(filepath.Join(w.dir, filepath.FromSlash(name)), f.GetImage(), 0o600)
}

func (w *writer) refuseFrame() error { return w.refuse("a frame that is no picture") }

// finish joins the parts, person by person and each device's chain in order, and writes the manifest last.
func (w *writer) finish(id string) (Manifest, error) {
	slices.SortFunc(w.parts, func(a, b part) int {
		for _, c := range []int{a.person - b.person, a.device - b.device} {
			if c != 0 {
				return c
			}
		}
		return int(int64(a.sequence) - int64(b.sequence))
	})
	for i := 0; i < len(w.parts); {
		end := i
		for end < len(w.parts) && w.parts[end].person == w.parts[i].person {
			end++
		}
		if err := w.join(w.parts[i:end]); err != nil {
			return Manifest{}, err
		}
		i = end
	}
	if err := os.RemoveAll(filepath.Join(w.dir, partsDir)); err != nil {
		return Manifest{}, fmt.Errorf("remove the parts: %w", err)
	}
	w.m.Export, w.m.People, w.m.Frames = id, len(w.persons), len(w.frames)
	return w.m, w.manifest()
}

// join writes one person's trajectory. Neighbours in a chain must name each other; a number that is missing is counted, not guessed.
func (w *writer) join(parts []part) (err error) {
	name := fmt.Sprintf("trajectories/%06d.jsonl", parts[0].person)
	f, err := os.OpenFile(filepath.Join(w.dir, filepath.FromSlash(name)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make a trajectory: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriter(f)
	for i, p := range parts {
		if i > 0 && parts[i-1].device == p.device {
			switch before := parts[i-1]; {
			case p.sequence != before.sequence+1:
				w.m.Missing += p.sequence - before.sequence - 1
			case p.previous != before.digest && p.previous != [32]byte{}: // zero: the device lost its chain and says so
				w.m.Refused["its chain names another box"]++
				continue
			}
		}
		if err := appendFile(out, w.partName(p)); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write a trajectory: %w", err)
	}
	return f.Sync()
}

func appendFile(out io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read a part: %w", err)
	}
	defer f.Close()
	if _, err := io.Copy(out, f); err != nil {
		return fmt.Errorf("write a trajectory: %w", err)
	}
	return nil
}
