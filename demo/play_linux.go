package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/demo/script"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// clear is how far an act keeps from an edge of the permit: the design says 500 ms, and some for the machine.
const clear = 900 * time.Millisecond

// play is one desktop with everything on it.
type play struct {
	desk   *desktop.Desktop
	stage  *stage.Stage
	proxy  *canary.Proxy
	person *script.Person
	agent  *desktop.Process
	wire   string // folder with every byte between device and collector
	bin    string
	seed   int64

	editor desktop.Window
	area   image.Rectangle // the editor's client window
	want   []want
	step   string // what is being done, for errors
}

// newPlay starts the desktop, the collector behind a proxy that keeps every byte, and enrols the device.
func newPlay(ctx context.Context, bin, agent string, seed int64) (p *play, err error) {
	p = &play{bin: bin, seed: seed}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.desk, err = desktop.Start(ctx, desktop.Options{}); err != nil {
		return p, err
	}
	if p.wire, err = os.MkdirTemp("", "byleave-wire-"); err != nil {
		return p, err
	}
	p.stage, err = stage.Open(ctx, p.desk, stage.Options{Bin: bin, Agent: agent, Proxy: func(to string) (string, error) {
		if p.proxy, err = canary.NewProxy(to, p.wire); err != nil {
			return "", err
		}
		return p.proxy.Addr(), nil
	}})
	if err != nil {
		return p, err
	}
	person, err := p.desk.Install(filepath.Join(bin, "byleave-person"))
	if err != nil {
		return p, err
	}
	p.person, err = script.Start(ctx, p.desk, person, seed)
	return p, err
}

func (p *play) close() error {
	var err error
	if p.person != nil {
		err = errors.Join(err, p.person.Close())
	}
	if p.agent != nil && p.agent.Running() {
		err = errors.Join(err, p.agent.Stop())
	}
	if p.proxy != nil {
		err = errors.Join(err, p.proxy.Close())
	}
	if p.stage != nil {
		err = errors.Join(err, p.stage.Close())
	}
	if p.desk != nil {
		err = errors.Join(err, p.desk.Close())
	}
	return errors.Join(err, os.RemoveAll(p.wire))
}

// record agrees, starts the agent and the editor with a file of its own, and waits until it records.
func (p *play) record(ctx context.Context, hours string) error {
	if err := p.stage.Give(ctx, hours); err != nil {
		return err
	}
	var err error
	if p.agent, err = p.stage.RunAgent(); err != nil {
		return err
	}
	file := filepath.Join(p.desk.Home(), "letter.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return err
	}
	if err := p.desk.Own(file); err != nil {
		return err
	}
	proc, err := p.desk.Start("editor", "/usr/bin/mousepad", file)
	if err != nil {
		return err
	}
	if p.editor, err = p.desk.WaitWindow(ctx, "the editor", desktop.OfProcess(proc.Pid)); err != nil {
		return err
	}
	if err := p.desk.Place(ctx, p.editor.ID, image.Rect(160, 120, 1160, 820)); err != nil {
		return err
	}
	return p.toEditor(ctx)
}

// toEditor gives the editor the focus and waits until recording is well away from the edge.
func (p *play) toEditor(ctx context.Context) (err error) {
	if err := p.desk.Focus(ctx, p.editor.ID); err != nil {
		return err
	}
	if p.area, err = p.desk.Geometry(p.editor.ID); err != nil {
		return err
	}
	if err := p.stage.Until(ctx, "recording", func(s stage.Status) bool { return s.State == "recording" }); err != nil {
		return err
	}
	return p.rest(ctx, clear)
}

// rest lets time pass: distance from the edges of permits is time.
func (p *play) rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", p.step, ctx.Err())
	}
}

// do lets the person act, and notes what the export must show of it.
func (p *play) do(a script.Act, w ...want) (script.Done, error) {
	d, err := p.person.Do(a)
	if err != nil {
		return d, fmt.Errorf("%s: the person could not %s: %w", p.step, a.Do, err)
	}
	for i := range w {
		w[i].x, w[i].y = a.X, a.Y
	}
	p.want = append(p.want, w...)
	return d, nil
}

// at is a point of the editor's window.
func (p *play) at(x, y int) (int, int) { return p.area.Min.X + x, p.area.Min.Y + y }

// click clicks in the editor's window and lets its frames settle.
func (p *play) click(ctx context.Context, x, y, count int, button string) error {
	w := want{kind: "click", count: count}
	sx, sy := p.at(x, y)
	if _, err := p.do(script.Act{Do: script.Click, X: sx, Y: sy, Count: count, Button: button}, w); err != nil {
		return err
	}
	return p.rest(ctx, clear)
}

// choose clicks on an accessible element of the editor.
func (p *play) choose(ctx context.Context, role, name, button string) error {
	d, err := p.do(script.Act{Do: script.Look, App: "mousepad", Role: role, Name: name})
	if err != nil {
		return err
	}
	if _, err := p.do(script.Act{Do: script.Click, X: d.X, Y: d.Y, Button: button}, want{kind: "click", count: 1}); err != nil {
		return err
	}
	return p.rest(ctx, clear)
}

// type_ types in the editor; net is what must stand in the export, with * for a class token.
func (p *play) type_(ctx context.Context, keys, net string) error {
	if _, err := p.do(script.Act{Do: script.Type, Text: keys}, want{kind: "text", text: net}); err != nil {
		return err
	}
	return p.rest(ctx, clear)
}

func (p *play) key(ctx context.Context, combo string) error {
	parts := strings.Split(combo, "+")
	last := len(parts) - 1
	if _, err := p.do(script.Act{Do: script.Key, Key: parts[last], Mods: parts[:last]}, want{kind: "hotkey", hotkey: combo}); err != nil {
		return err
	}
	return p.rest(ctx, clear)
}

// elsewhere types what must be found nowhere.
func (p *play) elsewhere(ctx context.Context, text string) error {
	if _, err := p.do(script.Act{Do: script.Type, Text: text}); err != nil {
		return err
	}
	return p.rest(ctx, clear)
}

// picture saves what is on the screen now.
func (p *play) picture(name string) error {
	img, err := p.desk.Screen()
	if err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}
