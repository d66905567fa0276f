package play

import (
	"context"
	"crypto/hpke"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/proto/pb"
)

// Result is what a play showed; it is written as report.json.
type Result struct {
	Seed     int64            `json:"seed"`
	Passed   bool             `json:"passed"`
	Actions  Actions          `json:"actions"`
	Canaries []Verdict        `json:"canaries"`
	Tokens   map[string]bool  `json:"tokens"` // class tokens that must stand where secrets were typed
	Batches  int              `json:"batches"`
	Frames   int              `json:"frames"`
	Bytes    map[string]int64 `json:"bytes"`
	Withheld []Withheld       `json:"withheld"`
	Export   string           `json:"export"`
	Released int              `json:"released_after_withdrawal"` // must stay 0
	Readers  []string         `json:"readers"`
	Searched canary.Counts    `json:"searched"`
	Control  *Control         `json:"control,omitempty"`

	steps []Step
}

// Actions compares what the person did with what was exported.
type Actions struct {
	Expected int      `json:"expected"`
	Found    int      `json:"found"`
	Missing  []string `json:"missing"`
	Extra    []string `json:"extra"` // in the export, and nothing that the person did where it was agreed
}

// Verdict says whether a canary was found, and where.
type Verdict struct {
	Name    string         `json:"name"`
	Planted string         `json:"planted_in"`
	Found   bool           `json:"found"`
	Where   []canary.Found `json:"where"`
}

// Withheld counts gaps, or frames that were not given, by reason.
type Withheld struct {
	What    string `json:"what"`
	Reason  string `json:"reason"`
	Count   int    `json:"count"`
	Seconds int    `json:"seconds,omitempty"`
}

// Control is the run with the redactor disconnected.
type Control struct {
	Planted int      `json:"planted"`
	Found   int      `json:"found"`
	Missed  []string `json:"missed"`
	Blind   bool     `json:"blind,omitempty"` // the agent could not see for a moment
}

// Blinded tells that something was not found because the agent could not see, as it says itself.
func (c *Control) Blinded() bool { return c.Blind && len(c.Missed) > 0 }

// Judge compares and searches what was exported; a play without a withdrawal is exported here. The agent is stopped first, so that all
// it would write is written.
func (p *Play) Judge(ctx context.Context) (*Result, error) {
	r := &Result{Seed: p.opt.Seed, Bytes: map[string]int64{}, Tokens: map[string]bool{}, Export: p.exportDir()}
	status, err := p.stage.Status(ctx)
	if err != nil {
		return nil, err
	}
	r.Batches = status.Spool.Sent
	r.Bytes["events"], r.Bytes["compressed"], r.Bytes["sealed"] = status.Spool.Events, status.Spool.Compressed, status.Spool.Sealed
	if p.exported {
		r.Released, err = p.exportAgain(ctx)
	} else {
		err = p.export(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := p.agent.Stop(); err != nil {
		return nil, err
	}
	r.Bytes["wire"] = p.proxy.Bytes()
	for name, dir := range map[string]string{"stored": p.stage.Data(), "exported": r.Export} {
		if r.Bytes[name], err = sizeOf(dir); err != nil {
			return nil, err
		}
	}
	if r.steps, err = ReadSteps(r.Export); err != nil {
		return nil, err
	}
	a := &r.Actions
	a.Expected = len(p.want)
	a.Found, a.Missing, a.Extra = Compare(p.want, r.steps)
	r.withheld()
	p.present(r)
	if r.Readers, r.Frames, err = readers(ctx, r.Export); err != nil {
		return nil, err
	}
	return r, p.search(r)
}

// exportAgain is an operator who tries once more after the withdrawal. It gives how many steps came out of that.
func (p *Play) exportAgain(ctx context.Context) (int, error) {
	err := desktop.Until(ctx, "the collector to hear of the withdrawal", func() bool {
		told, err := filepath.Glob(filepath.Join(p.stage.Home, "stub-*.withdrawn.told"))
		due, err2 := filepath.Glob(filepath.Join(p.stage.Home, "stub-*.withdrawn.due"))
		return errors.Join(err, err2) == nil && len(told) > 0 && len(due) == 0
	})
	if err != nil {
		return 0, err
	}
	dir := filepath.Join(p.opt.Out, "export-after-withdrawal")
	out, err := p.stage.Export(ctx, dir)
	p.replies.WriteString(out)
	if err != nil {
		return 0, err
	}
	steps, err := ReadSteps(dir)
	return len(steps), errors.Join(err, os.RemoveAll(dir))
}

// search looks for every canary in everything that the run left anywhere.
func (p *Play) search(r *Result) error {
	s := canary.NewSearch(p.canaries)
	key, err := canary.PersonKey(p.stage.Recovery)
	if err != nil {
		return err
	}
	for _, t := range []struct{ where, dir string }{
		{"agent", p.stage.Home}, {"collector and custodian", p.stage.Dir}, {"export", r.Export}, {"network", p.packets()},
		{"logs", filepath.Join(p.desk.Dir(), "log")}, {"session", filepath.Join(p.desk.Dir(), "run")}, {"temporary files", filepath.Join(p.desk.Dir(), "tmp")},
	} {
		if err := s.Tree(t.where, t.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.Bytes("answers of commands", []byte(p.replies.String()))
	boxes, err := p.boxes(s, key)
	if err != nil {
		return err
	}
	if len(boxes) == 0 {
		return errors.New("the search opened no box: it proves nothing")
	}
	r.Searched = s.Looked
	for _, c := range p.canaries {
		v := Verdict{Name: c.Name, Planted: c.Planted, Where: []canary.Found{}}
		for _, f := range s.Found() {
			if f.Canary == c.Name {
				v.Found, v.Where = true, append(v.Where, f)
			}
		}
		r.Canaries = append(r.Canaries, v)
	}
	return nil
}

// boxes opens the person's copies: they are the very bytes that the collector got.
func (p *Play) boxes(s *canary.Search, key hpke.PrivateKey) ([]*pb.Payload, error) {
	return s.Boxes("the person's copies", p.stage.Home, key)
}

// present tells which class tokens stand in the export.
func (p *Play) present(r *Result) {
	have := map[string]bool{}
	for _, s := range actions(r.steps) {
		for _, t := range keysAndTokens.FindAllString(s.Text, -1) {
			have[t] = true
		}
	}
	for _, c := range p.canaries {
		if t, ok := classes[c.Name]; ok {
			r.Tokens[t] = have[t]
		}
	}
}

// withheld counts what was not recorded, by reason.
func (r *Result) withheld() {
	sums := map[[2]string]*Withheld{}
	add := func(what, why string, seconds int) {
		k := [2]string{what, why}
		if sums[k] == nil {
			sums[k] = &Withheld{What: what, Reason: why}
		}
		sums[k].Count++
		sums[k].Seconds += seconds
	}
	for _, s := range r.steps {
		if s.Kind == "gap" {
			add("time", s.Reason, s.Seconds)
		}
		for _, f := range []*Frame{s.Before, s.After} {
			if f != nil && f.File == "" {
				add("frame", f.Withheld, 0)
			}
		}
		if s.Withheld {
			add("text", "not known to be harmless", 0)
		}
	}
	r.Withheld = []Withheld{}
	for _, w := range sums {
		r.Withheld = append(r.Withheld, *w)
	}
	sort.Slice(r.Withheld, func(i, j int) bool {
		a, b := r.Withheld[i], r.Withheld[j]
		return a.What+a.Reason < b.What+b.Reason
	})
}

// gapReasons are those that the scenes must have left as gaps. The gap of the hours lies in the batch that the withdrawal destroyed.
var gapReasons = []string{"edge", "not_agreed", "excluded", "paused"}

// Faults lists why the play has failed; none means that it passed.
func (r *Result) Faults() []string {
	var out []string
	for _, m := range r.Actions.Missing {
		out = append(out, "action is missing in the export: "+m)
	}
	for _, m := range r.Actions.Extra {
		out = append(out, "action in the export that was not to be recorded: "+m)
	}
	if r.Released > 0 {
		out = append(out, fmt.Sprintf("steps in an export after the withdrawal: %d", r.Released))
	}
	for _, v := range r.Canaries {
		if v.Found {
			out = append(out, fmt.Sprintf("canary %s (%s) was found: %s, %s", v.Name, v.Planted, v.Where[0].Where, v.Where[0].Form))
		}
	}
	for t, there := range r.Tokens {
		if !there {
			out = append(out, "class token is missing: "+t)
		}
	}
	if r.Searched.Shown == 0 {
		out = append(out, "no line of any picture is shown again, although that was agreed")
	}
	for _, reason := range gapReasons {
		if !r.hasGap(reason) {
			out = append(out, "no gap says "+reason)
		}
	}
	if r.Control != nil {
		for _, m := range r.Control.Missed {
			out = append(out, "the control run should have found: "+m)
		}
	}
	return out
}

// Blinded tells that actions are missing because the agent could not see for a moment, as it says itself: this machine was too busy to tell in
// time who got a key or a click, and what nobody can tell is not recorded. A play with any fault of another kind is not called so.
func (r *Result) Blinded() bool {
	leaked := func(v Verdict) bool { return v.Found }
	more := func(extra string) bool { // than what is left of a missing one of its kind, such as a part of a text
		kind, _, _ := strings.Cut(extra, " ")
		return !slices.ContainsFunc(r.Actions.Missing, func(m string) bool { return strings.HasPrefix(m, kind+" ") })
	}
	return r.Blind() && len(r.Actions.Missing) > 0 && r.Released == 0 && !slices.ContainsFunc(r.Canaries, leaked) && !slices.ContainsFunc(r.Actions.Extra, more)
}

// Blind tells that the agent could not see for a moment while the person worked, as it says itself. Before the first action it is no wonder.
func (r *Result) Blind() bool {
	return len(r.steps) > 0 && slices.ContainsFunc(r.steps[1:], func(s Step) bool { return s.Kind == "gap" && s.Reason == "blind" })
}

func (r *Result) hasGap(reason string) bool {
	for _, w := range r.Withheld {
		if w.What == "time" && w.Reason == reason {
			return true
		}
	}
	return false
}

func sizeOf(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
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
	if errors.Is(err, os.ErrNotExist) {
		return n, nil
	}
	return n, err
}
