package play

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/demo/script"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/pty"
	"github.com/byleave/byleave/e2e/stage"
)

// away is how long the person rests on both sides of a permit's edge, so that an act is surely on one side of it.
const away = 800 * time.Millisecond

// where the editor's client area lies: popups of its menus stay inside.
var editorPlace = image.Rect(220, 140, 1320, 900)

// Options say what to play.
type Options struct {
	Bin  string // folder of the binaries
	Out  string // folder that the results go to; it is emptied first
	Seed int64
	Log  io.Writer // one line per scene
}

// Play is one run. Make it with Open, end it with Close.
type Play struct {
	opt    Options
	desk   *desktop.Desktop
	stage  *stage.Stage
	proxy  *canary.Proxy
	person *script.Person
	agent  *desktop.Process
	zone   *time.Location

	editor desktop.Window
	menus  int // y of the menu bar's middle
	maker  *canary.Maker

	canaries []canary.Canary
	want     []Want
	replies  strings.Builder // everything that commands answered
	exported bool            // before the withdrawal, after which nothing is released
}

// Open builds the stage: a desktop, a collector behind a recording proxy, an enrolled device, a person and an editor.
// agent is the name of the agent's binary.
func Open(ctx context.Context, opt Options, agent string) (*Play, error) {
	p := &Play{opt: opt, maker: canary.NewMaker(opt.Seed)}
	if err := p.open(ctx, agent); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Play) open(ctx context.Context, agent string) (err error) {
	name := zoneAwayFromMidnight(time.Now().UTC())
	if p.zone, err = time.LoadLocation(name); err != nil {
		return fmt.Errorf("play: %w", err)
	}
	if p.desk, err = desktop.Start(ctx, desktop.Options{Zone: name}); err != nil {
		return err
	}
	show, err := p.desk.Install(filepath.Join(p.opt.Bin, "byleave-demo"))
	if err != nil {
		return err
	}
	p.stage, err = stage.Open(ctx, p.desk, stage.Options{Bin: p.opt.Bin, Agent: agent, Proxy: p.record, Edit: func(policy map[string]any) {
		apps, ok := policy["applications"].([]any)
		if ok {
			policy["classes"] = append(policy["classes"].([]any), "DATA_CLASS_LABELS", "DATA_CLASS_LINES")
			policy["applications"] = append(apps, map[string]any{"id": "shown", "name": "Canary", "wm_class": canary.WindowClass, "executables": []string{show}})
		}
	}})
	if err != nil {
		return err
	}
	hand, err := p.desk.Install(filepath.Join(p.opt.Bin, "byleave-person"))
	if err != nil {
		return err
	}
	p.person, err = script.Start(ctx, p.desk, hand, p.opt.Seed)
	return err
}

// zoneAwayFromMidnight: hours of a consent lie within one day, and the play must not cross its end.
func zoneAwayFromMidnight(utc time.Time) string {
	if utc.Hour() == 23 && utc.Minute() >= 40 {
		return "Etc/GMT+6"
	}
	return "UTC"
}

func (p *Play) record(collector string) (string, error) {
	var err error
	if p.proxy, err = canary.NewProxy(collector, p.packets()); err != nil {
		return "", err
	}
	return p.proxy.Addr(), nil
}

func (p *Play) packets() string { return filepath.Join(p.desk.Dir(), "packets") }

// openEditor opens a file that has a name already, so that ctrl+s asks nothing.
func (p *Play) openEditor(ctx context.Context) error {
	file := filepath.Join(p.desk.Home(), "notes.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return fmt.Errorf("play: %w", err)
	}
	if err := p.desk.Own(file); err != nil {
		return err
	}
	proc, err := p.desk.Start("mousepad", "mousepad", "--disable-server", file)
	if err != nil {
		return err
	}
	if p.editor, err = p.desk.WaitWindow(ctx, "mousepad", desktop.OfProcess(proc.Pid)); err != nil {
		return err
	}
	if err := p.desk.Place(ctx, p.editor.ID, editorPlace); err != nil {
		return err
	}
	if err := p.desk.Focus(ctx, p.editor.ID); err != nil {
		return err
	}
	menu, err := p.person.Do(script.Act{Do: script.Look, App: "mousepad", Role: "menu", Name: "Edit"})
	p.menus = menu.Y
	return err
}

// Close ends everything that the play started.
func (p *Play) Close() error {
	var errs []error
	if p.person != nil {
		errs = append(errs, p.person.Close())
	}
	if p.agent != nil {
		errs = append(errs, p.agent.Stop())
	}
	if p.stage != nil {
		errs = append(errs, p.stage.Close())
	}
	if p.proxy != nil {
		errs = append(errs, p.proxy.Close())
	}
	if p.desk != nil {
		errs = append(errs, p.desk.Close())
	}
	return errors.Join(errs...)
}

// say tells the audience which scene begins.
func (p *Play) say(words string) { fmt.Fprintln(p.opt.Log, "  ·", words) }

// rest is the person's, not a wait for something: it keeps acts away from the edges of permits.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// byleave runs a command of the person and keeps what it answered for the search.
func (p *Play) byleave(ctx context.Context, args ...string) error {
	out, err := p.stage.Byleave(ctx, args...)
	p.replies.WriteString(out)
	return err
}

// give agrees at a terminal, in hours of the play's zone.
func (p *Play) give(ctx context.Context, hours string, grants ...string) error {
	args := []string{"consent", "give", "--hours", hours, "--expires", "24h"}
	for _, g := range grants {
		args = append(args, "--grant", g)
	}
	cmd := p.desk.Command(ctx, p.stage.Binary(), args...)
	cmd.Env = append(cmd.Env, "BYLEAVE_HOME="+p.stage.Home)
	out, err := pty.Run(cmd, "yes\n")
	p.replies.Write(out)
	if err != nil {
		return fmt.Errorf("consent give: %w: %s", err, out)
	}
	return nil
}

// allDay are hours that end at midnight of the zone.
const allDay = "00:00-24:00"

const everything = "=pointer,hotkeys,text,frames,elements,labels,lines"

// export is the operator's, with the custodian's key.
func (p *Play) export(ctx context.Context) error {
	out, err := p.stage.Export(ctx, p.exportDir())
	p.replies.WriteString(out)
	p.exported = true
	return err
}

func (p *Play) exportDir() string { return filepath.Join(p.opt.Out, "export") }

// until waits until the agent says that it is in a state.
func (p *Play) until(ctx context.Context, state string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return p.stage.Until(ctx, "the agent to say "+state, func(s stage.Status) bool { return s.State == state })
}

// back brings the editor to the front as a click in a taskbar would, and lets the permit settle.
func (p *Play) back(ctx context.Context) error {
	if err := p.desk.Focus(ctx, p.editor.ID); err != nil {
		return err
	}
	if err := p.until(ctx, "recording"); err != nil {
		return err
	}
	return rest(ctx, away)
}

// sent waits until every sealed box is acknowledged. A pause seals what is open.
func (p *Play) sent(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return p.stage.Until(ctx, "the boxes to be acknowledged", func(s stage.Status) bool { return s.Spool.Held == 0 && s.Spool.Sent > 0 })
}
