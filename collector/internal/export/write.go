package export

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

// maxNamed bounds how many refused boxes are named; all are counted.
const maxNamed = 1000

// redactorName is what a redactor may be called.
var redactorName = regexp.MustCompile(`^[A-Za-z0-9_:,./ -]{0,64}$`)

// writer writes one export. No name in it comes from inside a box.
type writer struct {
	dir   string
	state *state
	lock  io.Closer        // nobody else writes the folder
	parts map[string]*part // by what this export calls the batch
	m     Manifest
	seen  int // boxes of this release

	places map[place]bool // that are taken
}

func newWriter(dir string, q Query) (*writer, error) {
	q.Format = cmp.Or(q.Format, JSONL)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the export folder: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	s, err := begin(dir, q)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	for _, sub := range []string{q.Format.data(), filepath.Join(q.Format.stage(), "frames")} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("make the export folder: %w", err), lock.Close())
		}
	}
	parts, err := loadParts(dir)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	w := &writer{dir: dir, state: s, lock: lock, parts: parts, places: map[place]bool{},
		m: Manifest{Schema: 1, Export: s.Export, Format: q.Format, Purpose: q.Purpose, Refused: map[string]int{}, Counts: newCounts(), Applications: q.Applications, Fields: fieldsOf(q.Format)}}
	for _, p := range parts {
		w.places[p.place()] = true
	}
	return w, nil
}

// release notes an id of the collector before it is used: what was released is never forgotten.
func (w *writer) release(id [16]byte) error {
	w.state.Releases = append(w.state.Releases, hex.EncodeToString(id[:]))
	return w.state.save(w.dir)
}

// refuse counts a box that is left out.
func (w *writer) refuse(why string) {
	w.m.Refused[why]++
	if len(w.m.RefusedAt) < maxNamed {
		w.m.RefusedAt = append(w.m.RefusedAt, Refusal{Box: w.seen, Why: why})
	}
}

// has tells whether the box was written before the export was cut off. It stays then.
func (w *writer) has(batch envelope.ID) bool {
	p := w.parts[w.state.name("batch", batch[:])]
	if p != nil {
		p.stays = true
	}
	return p != nil
}

// box writes the frames and the steps of one opened box: all of it, or nothing that counts. A box that it refuses is no error.
func (w *writer) box(b envelope.Box, p *pb.Payload) error {
	h := b.Header()
	pt := &part{
		Person: w.state.name("person", h.Subject[:]), Device: w.state.name("device", h.Device[:]), Session: w.state.name("session", append(h.Device[:], p.GetSession()...)),
		Sequence: h.Sequence, Previous: h.Previous, Digest: b.Digest(), Policy: hex.EncodeToString(h.Policy[:]), Redactor: p.GetRedactor(),
		name: w.state.name("batch", h.Batch[:]), stays: true,
	}
	if w.places[pt.place()] {
		w.refuse("its number in the chain stands twice")
		return nil
	}
	pictures, names, err := w.pictures(p)
	if err == nil && !redactorName.MatchString(p.GetRedactor()) { // it is kept for each box until the end
		err = errContent
	}
	if err == nil {
		pt.Steps, err = steps(p, names)
		pt.Steps = w.state.Query.narrow(pt.Steps)
	}
	if err == nil {
		pt.Stones, err = stonesOf(p, h.Sequence)
	}
	if err != nil {
		w.refuse(err.Error())
		return nil
	}
	if len(w.state.Query.Applications) > 0 {
		pictures = named(pictures, pt.Steps)
	}
	for name, image := range pictures {
		if err := writeFile(filepath.Join(w.dir, w.state.Query.Format.stage(), filepath.FromSlash(name)), image); err != nil {
			return err
		}
		pt.Frames = append(pt.Frames, name)
	}
	pt.measure(pictures)
	body, err := json.Marshal(pt)
	if err != nil {
		return fmt.Errorf("encode a part: %w", err)
	}
	pt.light()
	w.parts[pt.name], w.places[pt.place()] = pt, true
	return writeFile(filepath.Join(w.dir, partsDir, pt.name+partEnd), body)
}

// pictures cleans the frames of a payload, and gives each the name that this export knows it by.
func (w *writer) pictures(p *pb.Payload) (pictures map[string][]byte, names map[string]string, err error) {
	pictures, names = map[string][]byte{}, map[string]string{}
	for _, f := range p.GetFrames() {
		if f.GetFormat() != "png" {
			return nil, nil, errPicture
		}
		salt, err := hex.DecodeString(w.state.name("salt", f.GetSha256()))
		if err != nil {
			return nil, nil, err
		}
		image, err := cleanPNG(f.GetImage(), f.GetWidth(), f.GetHeight(), salt)
		if err != nil {
			return nil, nil, err
		}
		name := "frames/" + w.state.name("frame", f.GetSha256()) + ".png"
		pictures[name], names[string(f.GetSha256())] = image, name
	}
	return pictures, names, nil
}

// finish joins the parts, person by person and each device's chain in order, writes the manifest last and forgets the key.
func (w *writer) finish(progress func(string, int)) (Manifest, error) {
	if err := w.dropTakenBack(); err != nil {
		return Manifest{}, err
	}
	all := make([]*part, 0, len(w.parts))
	for _, p := range w.parts {
		all = append(all, p)
	}
	// Names are random in each export, so the order of people tells nothing.
	slices.SortFunc(all, func(a, b *part) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Sequence, b.Sequence))
	})
	frames := map[string]bool{}
	out := w.newSink()
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && all[end].Person == all[i].Person {
			end++
		}
		if err := w.join(all[i:end], out, frames, func() { progress("written", len(all)) }); err != nil {
			return Manifest{}, errors.Join(err, out.drop())
		}
		i = end
	}
	if err := out.close(); err != nil {
		return Manifest{}, errors.Join(err, out.drop())
	}
	w.m.Releases, w.m.Frames = w.state.Releases, len(frames)
	if err := w.dropOrphans(frames); err != nil {
		return Manifest{}, err
	}
	if err := w.card(); err != nil {
		return Manifest{}, err
	}
	if err := w.manifest(); err != nil {
		return Manifest{}, err
	}
	if err := os.RemoveAll(filepath.Join(w.dir, partsDir)); err != nil {
		return Manifest{}, fmt.Errorf("remove the parts: %w", err)
	}
	return w.m, nil
}

// join writes one person's trajectory. Neighbours in a chain must name each other; a number that is missing is counted, not guessed.
func (w *writer) join(parts []*part, out sink, frames map[string]bool, progress func()) error {
	for _, p := range parts {
		if !p.cut {
			continue
		}
		whole, err := loadPart(w.dir, p.name)
		if err != nil {
			return err
		}
		p.Stones = whole.Stones
		defer p.light()
	}
	parts = w.inOrder(parts)
	numbers := map[string]int{} // of the sessions of which something is written
	narrow := len(w.state.Query.Applications) > 0
	var through sieve
	for i, p := range parts {
		if i == 0 || parts[i-1].Session != p.Session {
			through = sieve{open: !narrow}
		}
		whole, err := loadPart(w.dir, p.name)
		if err != nil {
			return err
		}
		steps, first := through.sift(whole.Steps)
		if first {
			if len(numbers) == 0 {
				w.m.People++
			}
			if numbers[p.Session] == 0 {
				numbers[p.Session] = len(numbers) + 1
			}
			if err := out.begin(w.m.People, session(parts[i:])); err != nil {
				return err
			}
		}
		for _, s := range steps {
			s.Person, s.Session = w.m.People, numbers[p.Session]
			w.countStep(s)
			if err := out.step(s); err != nil {
				return err
			}
		}
		if len(steps) > 0 || !narrow {
			w.count(whole, frames)
		}
		progress()
	}
	return nil
}

// session is the size of the session with which the parts begin.
func session(parts []*part) (size int64) {
	for _, p := range parts {
		if p.Session != parts[0].Session {
			break
		}
		size += p.Size
	}
	return size
}

// inOrder holds the parts against each other as the chain has them, and gives those that count in the order in which things were done.
func (w *writer) inOrder(parts []*part) []*part {
	stones := map[string][]stone{} // by device, in the order of their numbers
	for _, p := range parts {
		stones[p.Device] = append(stones[p.Device], p.Stones...)
	}
	for _, s := range stones {
		slices.SortFunc(s, func(a, b stone) int { return cmp.Compare(a.Sequence, b.Sequence) })
	}
	var out []*part
	for i, p := range parts {
		if i == 0 || w.follows(parts[i-1], p, stones[p.Device]) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b *part) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.order(), b.order()))
	})
	return out
}

// follows holds a box against the one before it in the same device's chain, over the boxes that were cut between them. A device that
// lost its chain says so with zeros.
func (w *writer) follows(before, p *part, stones []stone) bool {
	if before.Device != p.Device {
		return true
	}
	link, gap := before.Digest, p.Sequence-before.Sequence-1
	from, _ := slices.BinarySearchFunc(stones, before.Sequence+1, stone.compare)
	to, _ := slices.BinarySearchFunc(stones, p.Sequence, stone.compare)
	between := stones[from:to:to]
	if uint64(len(between)) < gap {
		w.m.Missing += gap - uint64(len(between))
		return true
	}
	for _, s := range append(between, stone{Previous: p.Previous}) {
		if s.Previous != link && s.Previous != [32]byte{} {
			w.m.Refused["its chain names another box"]++
			return false
		}
		link = s.Digest
	}
	return true
}

func (w *writer) countStep(s Step) {
	w.m.Counts.add(s)
	switch s.Kind {
	case "gap":
		w.m.Gaps++
	case "task":
		w.m.Tasks++
	default:
		w.m.Actions++
	}
}

func (w *writer) count(p *part, frames map[string]bool) {
	w.m.Boxes++
	if len(p.Stones) > 0 {
		w.m.Cut++
	}
	for _, f := range p.Frames {
		frames[f] = true
	}
	if !slices.Contains(w.m.Redactors, p.Redactor) && len(w.m.Redactors) < mostNames {
		w.m.Redactors = append(w.m.Redactors, p.Redactor)
	}
	if !slices.Contains(w.m.Policies, p.Policy) {
		w.m.Policies = append(w.m.Policies, p.Policy)
	}
}

// dropTakenBack removes what an earlier release held and this one does not, because its person withdrew it or took it back since, and what was joined
// of it.
func (w *writer) dropTakenBack() error {
	joined := filepath.Join(w.dir, w.state.Query.Format.data())
	errs := []error{os.RemoveAll(joined), os.Mkdir(joined, 0o700)}
	for name, p := range w.parts {
		if !p.stays {
			delete(w.parts, name)
			errs = append(errs, os.Remove(filepath.Join(w.dir, partsDir, name+partEnd)))
		}
	}
	return errors.Join(errs...)
}

// dropOrphans removes frames that no step of this export names: those of a box that was cut off or left out at the end. Where pictures stand in the
// files of the steps there are no others.
func (w *writer) dropOrphans(frames map[string]bool) error {
	if w.state.Query.Format != JSONL {
		return dropHalfWritten(w.dir)
	}
	entries, err := os.ReadDir(filepath.Join(w.dir, "frames"))
	if err != nil {
		return fmt.Errorf("look at the frames: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if !frames["frames/"+e.Name()] {
			errs = append(errs, os.Remove(filepath.Join(w.dir, "frames", e.Name())))
		}
	}
	return errors.Join(append(errs, dropHalfWritten(w.dir))...)
}
