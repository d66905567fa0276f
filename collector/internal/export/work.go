package export

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/byleave/byleave/proto/pb"
)

// partsDir holds what an unfinished export needs to go on: the state, and one part for each box. It is removed at the end, and
// with it the key, so that nobody can tell afterwards which person or frame is which.
const (
	partsDir  = ".parts"
	stateName = "state"
	partEnd   = ".part"
)

// state is what is drawn once per export.
type state struct {
	Key      []byte   `json:"key"`    // names of frames, order of people: HMAC under it, so that two exports share nothing
	Export   string   `json:"export"` // fresh
	Query    Query    `json:"query"`
	Releases []string `json:"releases"`
}

// part is one opened box on disk, until all have come.
type part struct {
	Person   string   `json:"person"` // HMACs
	Device   string   `json:"device"`
	Session  string   `json:"session"`
	Sequence uint64   `json:"sequence"`
	Previous [32]byte `json:"previous"`
	Digest   [32]byte `json:"digest"`
	Policy   string   `json:"policy"`
	Redactor string   `json:"redactor"`
	Stones   []stone  `json:"stones,omitempty"`
	Frames   []string `json:"frames"`
	Steps    []Step   `json:"steps"`
	Size     int64    `json:"size"` // about what the steps take with their pictures

	name  string
	cut   bool // Stones are there on disk
	stays bool // this release holds the box, too
}

// light forgets what is read again from disk when its person is joined: one person's parts fit into memory, everybody's need not.
func (p *part) light() {
	p.cut = len(p.Stones) > 0
	p.Stones, p.Frames, p.Steps = nil, nil, nil
}

// measure sums up what the steps take: a picture counts as often as it is named.
func (p *part) measure(pictures map[string][]byte) {
	for _, s := range p.Steps {
		p.Size += 200 // of a step without text, about
		for _, f := range []*Frame{s.Before, s.After} {
			if f != nil {
				p.Size += int64(len(pictures[f.File]))
			}
		}
	}
}

// maxStones bounds the tombstones of one box, which its device chooses. Somebody who takes things out of one box gives it one each time.
const maxStones = 256

// stone is the tombstone of a box that its person cut; the part stands in its place.
type stone struct {
	Sequence uint64   `json:"sequence"`
	Previous [32]byte `json:"previous"`
	Digest   [32]byte `json:"digest"`
}

func (s stone) compare(sequence uint64) int { return cmp.Compare(s.Sequence, sequence) }

// order is the number of the box in whose place the part stands: what was done stands in the order in which it was done.
func (p *part) order() uint64 {
	if len(p.Stones) > 0 {
		return p.Stones[0].Sequence
	}
	return p.Sequence
}

// stonesOf reads the tombstones of a payload: numbers that rise, all below the box's own.
func stonesOf(p *pb.Payload, sequence uint64) (out []stone, err error) {
	last := uint64(0)
	if len(p.GetInsteadOf()) > maxStones {
		return nil, errContent
	}
	for _, t := range p.GetInsteadOf() {
		if t.GetSequence() <= last || t.GetSequence() >= sequence || len(t.GetPrevious()) != 32 || len(t.GetDigest()) != 32 {
			return nil, errContent
		}
		last = t.GetSequence()
		out = append(out, stone{last, [32]byte(t.GetPrevious()), [32]byte(t.GetDigest())})
	}
	return out, nil
}

// place is where a box stands in its device's chain.
type place struct {
	device   string
	sequence uint64
}

func (p *part) place() place { return place{p.Device, p.Sequence} }

// name is what this export calls something: no other export calls it so.
func (s *state) name(kind string, id []byte) string {
	mac := hmac.New(sha256.New, s.Key)
	mac.Write([]byte(kind + "\x00"))
	mac.Write(id)
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// begin takes an empty or absent folder, or one in which the same export was cut off.
func begin(dir string, q Query) (*state, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look at the export folder: %w", err)
	}
	if len(entries) > 0 && !barelyBegun(dir) {
		return resume(dir, q)
	}
	if err := os.MkdirAll(filepath.Join(dir, partsDir), 0o700); err != nil {
		return nil, fmt.Errorf("make the export folder: %w", err)
	}
	s := &state{Key: make([]byte, 32), Query: q}
	rand.Read(s.Key) // never fails: it ends the program rather than giving weak bytes
	s.Export = freshID()
	return s, s.save(dir)
}

// barelyBegun tells whether dir holds what an export makes before its state, and nothing else: it was cut off there.
func barelyBegun(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if e.Name() != partsDir {
			return false
		}
		within, err := os.ReadDir(filepath.Join(dir, e.Name()))
		if err != nil || slices.ContainsFunc(within, func(e fs.DirEntry) bool { return !halfWritten(e.Name()) }) {
			return false
		}
	}
	return true
}

func resume(dir string, q Query) (*state, error) {
	if _, err := os.Stat(filepath.Join(dir, manifestName)); err == nil {
		// It was cut off after its manifest: all that is left to do is to forget the key.
		if err := os.RemoveAll(filepath.Join(dir, partsDir)); err != nil {
			return nil, fmt.Errorf("remove the parts: %w", err)
		}
		return nil, fmt.Errorf("%s holds a whole export already; choose another folder", dir)
	}
	b, err := os.ReadFile(filepath.Join(dir, partsDir, stateName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not empty, and holds no export that was cut off; an export begins in a folder of its own", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("look at the export that was cut off: %w", err)
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil || len(s.Key) != 32 {
		return nil, fmt.Errorf("the export in %s cannot go on; begin again in another folder", dir)
	}
	s.Query.Format = cmp.Or(s.Query.Format, JSONL)
	if s.Query.Purpose != q.Purpose || s.Query.Format != q.Format || !s.Query.Since.Equal(q.Since) || !s.Query.Until.Equal(q.Until) ||
		!slices.Equal(s.Query.Applications, q.Applications) {
		return nil, fmt.Errorf("%s holds another export that was cut off (purpose %s, format %s, applications: %s); give the same options, or choose another folder", dir,
			printable(s.Query.Purpose), printable(string(s.Query.Format)), printable(cmp.Or(strings.Join(s.Query.Applications, ", "), "all")))
	}
	return &s, nil
}

func (s *state) save(dir string) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode the state: %w", err)
	}
	return writeFile(filepath.Join(dir, partsDir, stateName), b)
}

// loadParts reads the parts that are there. Files of a save that was cut off are passed over.
func loadParts(dir string) (map[string]*part, error) {
	entries, err := os.ReadDir(filepath.Join(dir, partsDir))
	if err != nil {
		return nil, fmt.Errorf("look at the parts: %w", err)
	}
	parts := map[string]*part{}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), partEnd)
		if !ok {
			continue
		}
		p, err := loadPart(dir, name)
		if err != nil {
			return nil, err
		}
		p.light()
		parts[name] = p
	}
	return parts, nil
}

func loadPart(dir, name string) (*part, error) {
	b, err := os.ReadFile(filepath.Join(dir, partsDir, name+partEnd))
	if err != nil {
		return nil, fmt.Errorf("read a part: %w", err)
	}
	p := &part{name: name}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, errors.New("a part of the export is damaged; begin again in another folder")
	}
	return p, nil
}

func freshID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails: it ends the program rather than giving weak bytes
	return hex.EncodeToString(id[:])
}
