package play

import (
	"context"
	"fmt"
	"image"

	"github.com/byleave/byleave/demo/script"
)

// RunControl plays the control: the redactor is disconnected, the canary's window is agreed, and everything that is planted in
// a consented window must be found by the very search that finds nothing in the real play.
func (p *Play) RunControl(ctx context.Context) error {
	if err := p.begin(ctx, "editor"+everything, "shown"+everything); err != nil {
		return err
	}
	p.say("types the same secrets, with the redactor disconnected")
	if err := p.do(click(in(500, 300))); err != nil {
		return err
	}
	if err := p.secrets(ctx); err != nil {
		return err
	}
	word := p.plant(p.maker.Word("prose", "consented editor, text"))
	if err := p.do(typing("A word: " + word.Text + "\n")); err != nil {
		return err
	}
	if err := p.do(click(in(500, 300))); err != nil {
		return err
	}
	if err := rest(ctx, 2*away); err != nil {
		return err
	}
	p.say("clicks in the window that shows a canary, which is agreed this time")
	shown := p.plant(p.maker.Shown("shown", "a consented window, on the screen"))
	win, _, err := p.show(ctx, shown, image.Pt(900, 780))
	if err != nil {
		return err
	}
	if err := p.desk.Focus(ctx, win.ID); err != nil {
		return err
	}
	if err := p.until(ctx, "recording"); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	if err := p.secretly(script.Act{Do: script.Click, X: 1100, Y: 900}); err != nil {
		return err
	}
	if err := rest(ctx, 2*away); err != nil {
		return err
	}
	if err := p.byleave(ctx, "pause"); err != nil {
		return err
	}
	return p.sent(ctx)
}

// Missed lists canaries of the control that the search did not find, as words or in pictures. None may be missed.
func (r *Result) Missed() []string {
	var out []string
	for _, c := range r.Canaries {
		if !c.Found {
			out = append(out, c.Name)
		}
	}
	forms := map[string]bool{}
	for _, c := range r.Canaries {
		for _, f := range c.Where {
			forms[f.Form] = true
		}
	}
	for _, f := range []string{"plain", "its colours", "read in a picture"} {
		if !forms[f] {
			out = append(out, fmt.Sprintf("nothing was found as %q", f))
		}
	}
	return out
}
