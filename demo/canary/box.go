package canary

import (
	"crypto/hpke"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/pb"
)

// codeLetters are those of a recovery code (Crockford's base 32).
const codeLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// PersonKey derives the person's key from the recovery code that was printed: eight groups of eight, the last of each a check
// character; the first 256 bits are the key's seed. Written from the description, so that the code a person keeps is proved to
// be enough without our agent.
func PersonKey(code string) (hpke.PrivateKey, error) {
	var bits, n uint
	var seed []byte
	groups := strings.Split(strings.TrimSpace(code), "-")
	if len(groups) != 8 {
		return nil, errors.New("recovery code: not eight groups")
	}
	for _, g := range groups {
		if len(g) != 8 {
			return nil, errors.New("recovery code: a group is not of eight characters")
		}
		for _, r := range g[:7] {
			v := strings.IndexRune(codeLetters, r)
			if v < 0 {
				return nil, errors.New("recovery code: a character that no code has")
			}
			if bits, n = bits<<5|uint(v), n+5; n >= 8 {
				n -= 8
				seed = append(seed, byte(bits>>n))
			}
		}
	}
	return hpke.MLKEM768X25519().NewPrivateKey(seed[:32])
}

// Boxes opens every box below a folder with the person's key and looks through all of it, every frame read by OCR.
func (s *Search) Boxes(where, root string, key hpke.PrivateKey) ([]*pb.Payload, error) {
	var all []*pb.Payload
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		box, err := envelope.Parse(data)
		if err != nil {
			return nil // no box: Tree has looked at it
		}
		p, err := open.ByPerson(box, key)
		if err != nil {
			return err
		}
		all = append(all, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open boxes of %s: %w", where, err)
	}
	return all, s.Payloads(where, all)
}

// Payloads looks through opened boxes: as protobuf, as JSON, and each frame as a picture.
func (s *Search) Payloads(where string, all []*pb.Payload) error {
	type picture struct {
		place string
		png   []byte
	}
	var pictures []picture
	for i, p := range all {
		place := fmt.Sprintf("%s, opened box %d", where, i+1)
		text, err := protojson.Marshal(p)
		if err != nil {
			return fmt.Errorf("search %s: %w", place, err)
		}
		s.count(func(c *Counts) { c.Boxes++ })
		s.Bytes(place, text)
		for _, f := range p.GetFrames() {
			s.Bytes(place+", a frame's file", f.GetImage())
			if strings.Contains(f.GetMask(), " clean-") {
				s.count(func(c *Counts) { c.Shown++ })
			}
			pictures = append(pictures, picture{place + ", a frame", f.GetImage()})
		}
		for _, words := range texts(p) {
			s.Bytes(place+", a text", []byte(words))
		}
		// What a run and the next one hold together is read together, too.
		s.Bytes(place+", texts joined", []byte(strings.Join(texts(p), "")))
	}
	return each(pictures, func(p picture) error { return s.Picture(p.place, p.png) })
}

func texts(p *pb.Payload) []string {
	var out []string
	for _, e := range p.GetEvents() {
		a := e.GetAction()
		for _, t := range []string{a.GetText().GetNet(), a.GetHotkey(), e.GetTask().GetText()} {
			if t != "" {
				out = append(out, t)
			}
		}
	}
	return out
}

// readers is how many pictures are read at once.
const readers = 2

// each calls f for all items, a few at a time, and joins the errors.
func each[T any](items []T, f func(T) error) error {
	work := make(chan T)
	errs := make(chan error, len(items))
	var wg sync.WaitGroup
	for range readers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for it := range work {
				errs <- f(it)
			}
		}()
	}
	for _, it := range items {
		work <- it
	}
	close(work)
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}
