package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"time"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/demo/script"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// secrets are what is planted: typed in the consented editor, where it must be redacted, and elsewhere, where it must not be seen.
type secrets struct {
	ssn, card, email, aws                     canary.Canary
	other, shown, password, paused, edge, out canary.Canary
	withdrawn                                 canary.Canary
}

func newSecrets(seed int64) secrets {
	m := canary.NewMaker(seed)
	return secrets{
		ssn: m.SSN(), card: m.Card(), email: m.Email(), aws: m.AWSKey(),
		other:     m.Word("typed-elsewhere", "another application"),
		shown:     m.Shown("shown-elsewhere", "a window over the consented editor"),
		password:  m.Word("password", "a password dialog before the editor"),
		paused:    m.Word("paused", "the consented editor, during a pause"),
		edge:      m.Word("edge", "the consented editor, within the guard band"),
		out:       m.Word("out-of-hours", "the consented editor, after the hours ended"),
		withdrawn: m.Word("withdrawn", "the consented editor, after withdrawal"),
	}
}

func (s secrets) redacted() []canary.Canary { return []canary.Canary{s.ssn, s.card, s.email, s.aws} }

func (s secrets) all() []canary.Canary {
	return append(s.redacted(), s.other, s.shown, s.password, s.paused, s.edge, s.out, s.withdrawn)
}

// lasts is how long the consented hours last: the scenes before their end need less.
const lasts = 100 * time.Second

// hours are today's from midnight to an end soon; it waits over midnight, which no span crosses.
func hours(now time.Time) (span string, end time.Time) {
	end = now.Add(lasts).Truncate(time.Second)
	if end.Day() != now.Day() {
		<-time.After(time.Until(now.Truncate(time.Hour).Add(time.Hour + time.Second)))
		return hours(time.Now())
	}
	return "00:00:00-" + end.Format("15:04:05"), end
}

// full plays everything once and searches.
func (p *play) full(ctx context.Context, o options) (*report, error) {
	s := newSecrets(o.seed)
	span, end := hours(time.Now())
	if err := p.record(ctx, span); err != nil {
		return nil, err
	}
	fmt.Printf("Recording until %s. A person works.\n", end.Format("15:04:05"))
	for _, scene := range []struct {
		name string
		play func(context.Context) error
	}{
		{"writing a letter", func(ctx context.Context) error { return p.letter(ctx, s) }},
		{"pointing and menus", p.pointing},
		{"another program", func(ctx context.Context) error { return p.elsewhereScene(ctx, s, o.out) }},
		{"a password dialog", func(ctx context.Context) error { return p.dialog(ctx, s) }},
		{"a pause", func(ctx context.Context) error { return p.pause(ctx, s) }},
		{"the hours end", func(ctx context.Context) error { return p.hoursEnd(ctx, s, end) }},
	} {
		p.step = scene.name
		fmt.Println("  " + scene.name)
		if err := scene.play(ctx); err != nil {
			return nil, err
		}
	}
	return p.conclude(ctx, o, s)
}

// letter types prose with typos, and secrets among it.
func (p *play) letter(ctx context.Context, s secrets) error {
	if err := p.click(ctx, 300, 200, 1, ""); err != nil {
		return err
	}
	keys := "Dear tema\b\bam,\nhere is waht\b\b\bhat you asked for.\nmy number is " + s.ssn.Text + " and\nthe card is " + s.card.Text +
		" until may,\nwrite to " + s.email.Text + " please\nand the key is " + s.aws.Text + " so far.\nsee you soon\n"
	net := "Dear team,\nhere is what you asked for.\nmy number is * and\nthe card is * until may,\nwrite to * please\nand the key is * so far.\nsee you soon\n"
	return p.type_(ctx, keys, net)
}

func (p *play) pointing(ctx context.Context) error {
	for _, act := range []func() error{
		func() error { return p.key(ctx, "ctrl+s") },
		func() error { return p.click(ctx, 60, 50, 2, "") },
		func() error {
			x, y := p.at(40, 60)
			tx, ty := p.at(400, 110)
			if _, err := p.do(script.Act{Do: script.Drag, X: x, Y: y, ToX: tx, ToY: ty}, want{kind: "drag"}); err != nil {
				return err
			}
			return p.rest(ctx, clear)
		},
		func() error {
			x, y := p.at(500, 300)
			if _, err := p.do(script.Act{Do: script.Scroll, X: x, Y: y, DY: 3}, want{kind: "scroll"}); err != nil {
				return err
			}
			return p.rest(ctx, clear)
		},
		func() error { return p.choose(ctx, "menu", "Edit", "") },
		func() error { return p.choose(ctx, "menu item", "Select All", "") },
		func() error { return p.click(ctx, 500, 400, 1, "right") },
		func() error { return p.choose(ctx, "menu item", "Copy", "") },
		func() error { return p.key(ctx, "ctrl+End") },
	} {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

// elsewhereScene: a program that was not agreed gets the focus and is typed into; another shows a secret over the editor.
func (p *play) elsewhereScene(ctx context.Context, s secrets, out string) error {
	proc, err := p.desk.Start("other", "/usr/bin/l3afpad")
	if err != nil {
		return err
	}
	other, err := p.desk.WaitWindow(ctx, "the other program", desktop.OfProcess(proc.Pid))
	if err != nil {
		return err
	}
	if err := p.desk.Place(ctx, other.ID, image.Rect(1000, 500, 1700, 1000)); err != nil {
		return err
	}
	if err := p.desk.Focus(ctx, other.ID); err != nil {
		return err
	}
	if err := p.elsewhere(ctx, s.other.Text); err != nil {
		return err
	}
	over, err := p.showCanary(ctx, s.shown)
	if err != nil {
		return err
	}
	if err := p.toEditor(ctx); err != nil {
		return err
	}
	if err := p.click(ctx, 120, 330, 1, ""); err != nil {
		return err
	}
	if err := p.key(ctx, "ctrl+End"); err != nil {
		return err
	}
	if err := p.type_(ctx, "still here\n", "still here\n"); err != nil {
		return err
	}
	return errors.Join(p.picture(filepath.Join(out, "desktop.png")), p.band(ctx, other, s), over.Stop(), proc.Stop())
}

// band plants an action within the guard band: it must be missing, and a gap in its place.
func (p *play) band(ctx context.Context, other desktop.Window, s secrets) error {
	if err := p.desk.Focus(ctx, other.ID); err != nil {
		return err
	}
	if err := p.rest(ctx, clear); err != nil {
		return err
	}
	if err := p.desk.Focus(ctx, p.editor.ID); err != nil {
		return err
	}
	if _, err := p.do(script.Act{Do: script.Type, Text: s.edge.Text, Pace: 5}); err != nil {
		return err
	}
	p.want = append(p.want, want{kind: "gap"})
	return p.rest(ctx, clear)
}

func (p *play) dialog(ctx context.Context, s secrets) error {
	proc, err := p.desk.Start("dialog", "/usr/bin/zenity", "--password", "--title", "Unlock")
	if err != nil {
		return err
	}
	w, err := p.desk.WaitWindow(ctx, "the password dialog", desktop.OfProcess(proc.Pid))
	if err != nil {
		return err
	}
	if err := p.desk.Focus(ctx, w.ID); err != nil {
		return err
	}
	if err := p.elsewhere(ctx, s.password.Text); err != nil {
		return err
	}
	return errors.Join(proc.Stop(), p.toEditor(ctx))
}

func (p *play) pause(ctx context.Context, s secrets) error {
	if _, err := p.stage.Byleave(ctx, "pause", "forever"); err != nil {
		return err
	}
	if err := p.elsewhere(ctx, s.paused.Text); err != nil {
		return err
	}
	if _, err := p.stage.Byleave(ctx, "resume"); err != nil {
		return err
	}
	if err := p.toEditor(ctx); err != nil {
		return err
	}
	return p.key(ctx, "ctrl+End")
}

func (p *play) hoursEnd(ctx context.Context, s secrets, end time.Time) error {
	if left := time.Until(end); left < clear {
		return fmt.Errorf("the scenes took %s longer than the consented hours; this machine is too slow for the demo", -left)
	}
	if err := p.rest(ctx, time.Until(end)); err != nil {
		return err
	}
	if err := p.stage.Until(ctx, "the end of the hours", func(st stage.Status) bool { return st.State != "recording" }); err != nil {
		return err
	}
	return p.elsewhere(ctx, s.out.Text)
}

// conclude exports, withdraws, types once more, and searches everything.
func (p *play) conclude(ctx context.Context, o options, s secrets) (*report, error) {
	p.step = "export"
	if _, err := p.stage.Byleave(ctx, "pause"); err != nil { // seals what is open
		return nil, err
	}
	if err := p.stage.Until(ctx, "everything to be sent", func(st stage.Status) bool { return st.Spool.Held == 0 && st.Spool.Sent > 0 }); err != nil {
		return nil, err
	}
	status, err := p.stage.Status(ctx)
	if err != nil {
		return nil, err
	}
	export, err := filepath.Abs(filepath.Join(o.out, "export"))
	if err != nil {
		return nil, err
	}
	if _, err := p.stage.Export(ctx, export); err != nil {
		return nil, err
	}
	p.step = "withdrawal"
	fmt.Println("  withdrawal")
	if _, err := p.stage.Byleave(ctx, "resume"); err != nil {
		return nil, err
	}
	if _, err := p.stage.Byleave(ctx, "consent", "withdraw"); err != nil {
		return nil, err
	}
	if err := p.elsewhere(ctx, s.withdrawn.Text); err != nil {
		return nil, err
	}
	if err := p.agent.Stop(); err != nil {
		return nil, err
	}
	fmt.Println("Searching every file, packet, log, box and picture.")
	return p.report(o, s, status, export)
}
