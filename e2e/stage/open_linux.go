package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/pb"
)

// Box is one box on the device, opened with the person's recovery code.
type Box struct {
	Header  envelope.Header
	Sent    bool
	Payload *pb.Payload
}

// Boxes opens every box that lies on the device, held or sent, in the order of its chain.
func (s *Stage) Boxes() ([]Box, error) { return s.NewBoxes(map[string]bool{}) }

// NewBoxes opens those of the boxes that are not in seen yet, and adds them there by name. One that is sent or destroyed while it is
// read is looked for again.
func (s *Stage) NewBoxes(seen map[string]bool) ([]Box, error) {
	key, err := canary.PersonKey(s.Recovery)
	if err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(s.Home, "spool", "*-*.*")) // the number of the chain begins each name
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	var all []Box
	for _, name := range names {
		id, suffix, _ := strings.Cut(filepath.Base(name), ".")
		if suffix != "box" && suffix != "sent" || seen[id] {
			continue
		}
		data, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			rest, err := s.NewBoxes(seen)
			return append(all, rest...), err
		}
		if err != nil {
			return nil, fmt.Errorf("stage: %w", err)
		}
		box, err := envelope.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("stage: %s: %w", filepath.Base(name), err)
		}
		p, err := open.ByPerson(box, key)
		if err != nil {
			return nil, fmt.Errorf("stage: %s: %w", filepath.Base(name), err)
		}
		seen[id] = true
		all = append(all, Box{box.Header(), suffix == "sent", p})
	}
	return all, nil
}

// Text is all net text of the box, run after run.
func (b Box) Text() string {
	var text strings.Builder
	for _, e := range b.Payload.GetEvents() {
		text.WriteString(e.GetAction().GetText().GetNet())
	}
	return text.String()
}

// Gap is time of which a box says only that nothing was recorded, and why.
type Gap struct {
	From, Until time.Time
	Reason      pb.Reason
}

// Gaps are the gaps of the box.
func (b Box) Gaps() (gaps []Gap) {
	start := time.UnixMilli(b.Payload.GetStartedAt())
	for _, e := range b.Payload.GetEvents() {
		if g := e.GetGap(); g != nil {
			at := func(ms int64) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
			gaps = append(gaps, Gap{at(e.GetAtMs()), at(g.GetEndMs()), g.GetReason()})
		}
	}
	return gaps
}
