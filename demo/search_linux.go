package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/e2e/stage"
)

// report reads the export with real readers, searches everything, and puts the figures together.
func (p *play) report(o options, s secrets, status stage.Status, export string) (*report, error) {
	r := &report{Seed: o.seed, Export: export, Withheld: map[string]int{}, Tokens: map[string]int{}}
	lines, err := readExport(export)
	if err != nil {
		return nil, err
	}
	origin, size := [2]int{p.area.Min.X, p.area.Min.Y}, [2]int{p.area.Dx(), p.area.Dy()}
	r.Actions.Expected = len(p.want)
	r.Actions.Found, r.Actions.Missing = match(p.want, lines, origin, size)
	actions := 0
	for _, l := range lines {
		r.count(l)
		if l.Kind != "gap" {
			actions++
		}
	}
	wanted := 0
	for _, w := range p.want {
		if w.kind != "gap" {
			wanted++
		}
	}
	r.Actions.Unexpected = max(actions-wanted, 0)
	if len(r.Actions.Missing) > 0 {
		fmt.Println("The export says:")
		for _, l := range lines {
			fmt.Println("  " + describe(l))
		}
	}
	frames, err := filepath.Glob(filepath.Join(export, "frames", "*.png"))
	if err != nil {
		return nil, err
	}
	slices.Sort(frames)
	r.Frames = len(frames)
	if err := contactSheet(filepath.Join(o.out, "contact-sheet.png"), inOrder(lines, export)); err != nil {
		return nil, err
	}
	r.Batches = status.Spool.Sent
	r.Bytes = stages{Redacted: status.Spool.Events, Compressed: status.Spool.Compressed, Sealed: status.Spool.Sealed, Wire: p.proxy.Bytes()}
	if r.Bytes.Stored, err = weigh(filepath.Join(p.stage.Data(), "packs")); err != nil {
		return nil, err
	}
	if r.Bytes.Exported, err = weigh(export); err != nil {
		return nil, err
	}
	if r.After, err = p.afterWithdrawal(); err != nil {
		return nil, err
	}
	search := canary.NewSearch(s.all())
	if err := p.search(search, export); err != nil {
		return nil, err
	}
	r.Canaries, r.Looked = canaryReports(s.all(), search.Found()), search.Looked
	return r, nil
}

func (r *report) count(l line) {
	if l.Kind == "gap" {
		r.Withheld["time: "+l.Reason]++
	}
	if l.Withheld {
		r.Withheld["text of an unknown field"]++
	}
	if l.Text != nil {
		for _, t := range token.FindAllString(*l.Text, -1) {
			class := t[1:]
			for i := range class {
				if class[i] == '#' {
					r.Tokens[class[:i]]++
					r.Withheld["text: "+class[:i]]++
					break
				}
			}
		}
	}
	for _, f := range []*struct{ File, Withheld string }{l.Before, l.After} {
		if f != nil && f.File == "" && f.Withheld != "" {
			r.Withheld["frame: "+f.Withheld]++
		}
	}
}

// afterWithdrawal is how many boxes a second export gets: none may be released under a withdrawn consent.
func (p *play) afterWithdrawal() (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	dir, err := os.MkdirTemp("", "byleave-after-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if _, err := p.stage.Export(ctx, filepath.Join(dir, "export")); err != nil {
		return 0, err
	}
	lines, err := readExport(filepath.Join(dir, "export"))
	return len(lines), err
}

// search looks at everything that the agent, the collector and the custodian wrote, said or sent, and inside every box.
func (p *play) search(s *canary.Search, export string) error {
	key, err := canary.PersonKey(p.stage.Recovery)
	if err != nil {
		return err
	}
	for where, root := range map[string]string{
		"the person's folder": p.stage.Home, "the collector's and the custodian's files": p.stage.Dir, "the wire": p.wire, "the export": export,
	} {
		if err := s.Tree(where, root); err != nil {
			return err
		}
	}
	log, err := os.ReadFile(p.agent.Log)
	if err != nil {
		return err
	}
	s.Bytes("the agent's log", log)
	if _, err := s.Boxes("boxes of the device", filepath.Join(p.stage.Home, "spool"), key); err != nil {
		return err
	}
	_, err = s.Boxes("boxes of the collector", p.stage.Data(), key)
	return err
}

// control types the secrets under an agent whose redactor is disconnected, and searches in the same way.
func control(ctx context.Context, bin string, seed int64) (r controlReport, err error) {
	p, err := newPlay(ctx, bin, "byleave-disconnected", seed)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	p.step = "control"
	s := newSecrets(seed)
	if err := p.record(ctx, "all"); err != nil {
		return r, err
	}
	if err := p.letter(ctx, s); err != nil {
		return r, err
	}
	if err := p.click(ctx, 300, 400, 1, ""); err != nil {
		return r, err
	}
	if _, err := p.stage.Byleave(ctx, "pause"); err != nil {
		return r, err
	}
	if err := p.stage.Until(ctx, "everything to be sent", func(st stage.Status) bool { return st.Spool.Held == 0 && st.Spool.Sent > 0 }); err != nil {
		return r, err
	}
	if err := p.agent.Stop(); err != nil {
		return r, err
	}
	key, err := canary.PersonKey(p.stage.Recovery)
	if err != nil {
		return r, err
	}
	search := canary.NewSearch(s.redacted())
	if _, err := search.Boxes("boxes of the device", filepath.Join(p.stage.Home, "spool"), key); err != nil {
		return r, err
	}
	for _, c := range canaryReports(s.redacted(), search.Found()) {
		r.Planted += 2
		text, picture := false, false
		for _, where := range c.Found {
			inPicture := containsAny(where, "ocr", "OCR", "picture", "frame")
			text, picture = text || !inPicture, picture || inPicture
		}
		for kind, found := range map[string]bool{"text": text, "pixels": picture} {
			if found {
				r.Found++
			} else {
				r.Missed = append(r.Missed, c.Name+" in "+kind)
			}
		}
	}
	return r, nil
}

// weigh is the size of all files below a folder.
func weigh(root string) (n int64, err error) {
	err = filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		n += info.Size()
		return nil
	})
	return n, err
}
