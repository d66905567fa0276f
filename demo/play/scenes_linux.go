package play

import (
	"context"
	"fmt"
	"image"
	"path/filepath"
	"strconv"
	"time"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/demo/script"
	"github.com/byleave/byleave/e2e/desktop"
)

// A scene is one thing that the person lives through.
type scene struct {
	name string
	play func(*Play, context.Context) error
}

// scenes of the whole play, in order.
var scenes = []scene{
	{"writes, with mistakes; scrolls; saves", (*Play).writing},
	{"types a social security number, a card, an e-mail address and an AWS key", (*Play).secrets},
	{"selects by double click and drag; chooses from a menu and a context menu", (*Play).pointing},
	{"works in another program that was not agreed, and comes back", (*Play).elsewhere},
	{"a window that was not agreed lies over the editor", (*Play).overlap},
	{"a password dialog comes before the editor", (*Play).password},
	{"pauses, writes something private, resumes", (*Play).pause},
	{"the agreed hours end while the person works", (*Play).hours},
	{"the operator exports; the person withdraws, and writes on", (*Play).withdraw},
}

// Run plays all scenes; the recording of them is over when it returns.
func (p *Play) Run(ctx context.Context) error {
	if err := p.begin(ctx, "editor"+everything); err != nil {
		return err
	}
	for _, s := range scenes {
		p.say(s.name)
		if err := s.play(p, ctx); err != nil {
			return fmt.Errorf("scene %q: %w", s.name, err)
		}
		if err := rest(ctx, away); err != nil { // the next scene may begin with an edge
			return err
		}
	}
	return nil
}

// begin agrees, starts the agent, and opens the editor as a person does later in the day.
func (p *Play) begin(ctx context.Context, grants ...string) (err error) {
	if err := p.give(ctx, allDay, grants...); err != nil {
		return err
	}
	if p.agent, err = p.stage.RunAgent(); err != nil {
		return err
	}
	if err := p.openEditor(ctx); err != nil {
		return err
	}
	return p.back(ctx)
}

// in is a point of the editor.
func in(x, y int) image.Point { return editorPlace.Min.Add(image.Pt(x, y)) }

// all does acts one after the other.
func (p *Play) all(acts ...script.Act) error {
	for _, a := range acts {
		if err := p.do(a); err != nil {
			return err
		}
	}
	return nil
}

func click(at image.Point) script.Act { return script.Act{Do: script.Click, X: at.X, Y: at.Y} }
func typing(text string) script.Act   { return script.Act{Do: script.Type, Text: text} }
func save() script.Act                { return script.Act{Do: script.Key, Key: "s", Mods: []string{"ctrl"}} }

func (p *Play) writing(ctx context.Context) error {
	page := in(500, 300)
	friend := p.plant(canary.Canary{Name: "name", Planted: "consented editor, text", Text: "Wilhelmina"})
	err := p.all(
		click(page),
		typing("Dear "+friend.Text+",\nthe repp\bort about the garden is almsot\b\b\bost done.\n"),
		script.Act{Do: script.Scroll, X: page.X, Y: page.Y, DY: 3},
		script.Act{Do: script.Scroll, X: page.X, Y: page.Y, DY: -2},
		typing("We met on the hill and talked about apples and pears.\n"),
		save(),
	)
	if err != nil {
		return err
	}
	return rest(ctx, away)
}

func (p *Play) secrets(context.Context) error {
	ssn, card, mail, key := p.plant(p.maker.SSN()), p.plant(p.maker.Card()), p.plant(p.maker.Email()), p.plant(p.maker.AWSKey())
	return p.all(
		typing("My SSN is "+misspelt(ssn.Text)+" for the form.\n"),
		typing("Please charge "+misspelt(card.Text)+" for it.\n"),
		typing("Write to "+mail.Text+" soon.\n"),
		typing("The upload uses "+key.Text+" today.\n"),
		save(),
	)
}

// line is the height of the first line of text in the editor.
func (p *Play) line() int { return p.menus + 24 }

func (p *Play) pointing(ctx context.Context) error {
	left := editorPlace.Min.X
	if err := p.all(
		script.Act{Do: script.Click, X: left + 30, Y: p.line(), Count: 2},
		script.Act{Do: script.Drag, X: left + 90, Y: p.line(), ToX: left + 4, ToY: p.line()},
	); err != nil {
		return err
	}
	if err := p.choose(click(image.Pt(0, 0)), "Edit"); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil { // a double click would join the next one
		return err
	}
	menu := click(in(600, 420))
	menu.Button = "right"
	if err := p.choose(menu, ""); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	if err := p.do(script.Act{Do: script.Key, Key: "End", Mods: []string{"ctrl"}}); err != nil {
		return err
	}
	return p.do(typing("Greetings from the valley.\n"))
}

// choose opens a menu, by name or by a click of the right button, and takes Select All.
func (p *Play) choose(open script.Act, name string) error {
	if name != "" {
		at, err := p.person.Do(script.Act{Do: script.Look, App: "mousepad", Role: "menu", Name: name})
		if err != nil {
			return err
		}
		open.X, open.Y = at.X, at.Y
	}
	if err := p.do(open); err != nil {
		return err
	}
	item, err := p.person.Do(script.Act{Do: script.Look, App: "mousepad", Role: "menu item", Name: "Select All"})
	if err != nil {
		return err
	}
	return p.do(click(image.Pt(item.X, item.Y)))
}

// elsewhere also plants text inside the bands on both sides of the edges: it may appear as a gap only.
func (p *Play) elsewhere(ctx context.Context) error {
	proc, err := p.desk.Start("featherpad", "featherpad", "--standalone")
	if err != nil {
		return err
	}
	other, err := p.desk.WaitWindow(ctx, "featherpad", desktop.OfProcess(proc.Pid))
	if err != nil {
		return err
	}
	place := image.Rect(900, 500, 1700, 1000) // overlaps the editor's corner
	if err := p.desk.Place(ctx, other.ID, place); err != nil {
		return err
	}
	if err := p.back(ctx); err != nil {
		return err
	}
	before := p.plant(p.maker.Word("band-before", "consented editor, just before the focus left"))
	typed := p.plant(p.maker.Word("other-typed", "another program, typed"))
	after := p.plant(p.maker.Word("band-after", "consented editor, just after the focus came"))
	if err := rest(ctx, 2*away); err != nil {
		return err
	}
	if err := p.secretly(script.Act{Do: script.Type, Text: before.Text, Pace: 1}); err != nil {
		return err
	}
	if err := p.desk.Focus(ctx, other.ID); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	for _, a := range []script.Act{click(image.Pt(1300, 800)), typing("Private: " + typed.Text + "\n"), {Do: script.Scroll, X: 1300, Y: 800, DY: 2}} {
		if err := p.secretly(a); err != nil {
			return err
		}
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	if err := p.desk.Focus(ctx, p.editor.ID); err != nil {
		return err
	}
	if err := p.secretly(script.Act{Do: script.Type, Text: after.Text, Pace: 30}); err != nil {
		return err
	}
	if err := rest(ctx, 2*away); err != nil {
		return err
	}
	if err := p.back(ctx); err != nil {
		return err
	}
	return p.do(typing(" Back at work.\n"))
}

func (p *Play) overlap(ctx context.Context) error {
	shown := p.plant(p.maker.Shown("shown", "another program, on the screen over the editor"))
	win, proc, err := p.show(ctx, shown, image.Pt(700, 560))
	if err != nil {
		return err
	}
	if err := p.back(ctx); err != nil {
		return err
	}
	if err := p.all(click(in(250, 420)), typing("Somebody shows me a window.\n"),
		script.Act{Do: script.Scroll, X: in(200, 420).X, Y: in(200, 420).Y, DY: 1}); err != nil {
		return err
	}
	if err := p.picture(filepath.Join(p.opt.Out, "desktop.png")); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	if err := proc.Stop(); err != nil {
		return err
	}
	if err := p.desk.WaitGone(ctx, win.ID); err != nil {
		return err
	}
	return p.back(ctx)
}

// show opens the window with a canary's stripes and text.
func (p *Play) show(ctx context.Context, c canary.Canary, at image.Point) (desktop.Window, *desktop.Process, error) {
	prog := filepath.Join(p.desk.Dir(), "bin", "byleave-demo")
	proc, err := p.desk.Start("shown", prog, "show", c.Text, colourWords(c))
	if err != nil {
		return desktop.Window{}, nil, err
	}
	w, err := p.desk.WaitWindow(ctx, "the canary's window", desktop.OfProcess(proc.Pid))
	if err != nil {
		return w, proc, err
	}
	return w, proc, p.desk.Place(ctx, w.ID, image.Rectangle{Min: at, Max: at.Add(image.Pt(canary.ShowWidth, canary.ShowHeight))})
}

func (p *Play) password(ctx context.Context) error {
	secret := p.plant(p.maker.Word("password", "password dialog in front of the editor"))
	// What zenity prints is the password itself: it goes nowhere.
	proc, err := p.desk.Start("zenity", "sh", "-c", "exec zenity --password --title=Unlock >/dev/null 2>&1")
	if err != nil {
		return err
	}
	dialog, err := p.desk.WaitWindow(ctx, "the password dialog", desktop.OfProcess(proc.Pid))
	if err != nil {
		return err
	}
	if err := p.desk.Focus(ctx, dialog.ID); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	if err := p.secretly(typing(secret.Text + "\n")); err != nil {
		return err
	}
	if err := p.desk.WaitGone(ctx, dialog.ID); err != nil {
		return err
	}
	if err := p.back(ctx); err != nil {
		return err
	}
	return p.do(typing("The door is open.\n"))
}

func (p *Play) pause(ctx context.Context) error {
	secret := p.plant(p.maker.Word("paused", "consented editor, while paused"))
	if err := p.byleave(ctx, "pause", "30m"); err != nil {
		return err
	}
	if err := p.until(ctx, "paused"); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	if err := p.secretly(typing(secret.Text + " ")); err != nil {
		return err
	}
	if err := p.secretly(click(in(300, 300))); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	if err := p.byleave(ctx, "resume"); err != nil {
		return err
	}
	if err := p.back(ctx); err != nil {
		return err
	}
	return p.do(typing("And on we go.\n"))
}

// hours gives a consent whose hours end within seconds, and types across that edge.
func (p *Play) hours(ctx context.Context) error {
	secret := p.plant(p.maker.Word("after-hours", "consented editor, after the agreed hours"))
	edge, err := p.agreeBriefly(ctx)
	if err != nil {
		return err
	}
	if err := p.do(typing("Last words today.\n")); err != nil {
		return err
	}
	if time.Until(edge) < away {
		return fmt.Errorf("this machine is too slow: the hours ended %v before the last words were typed", -time.Until(edge))
	}
	if err := rest(ctx, time.Until(edge)+away); err != nil {
		return err
	}
	if err := p.until(ctx, "excluded"); err != nil {
		return err
	}
	return p.secretly(typing(secret.Text + "\n"))
}

// agreeBriefly agrees in hours that end in some seconds, and returns when. Where the hours were nearly over before the editor was recorded,
// the person agrees again, in longer ones.
func (p *Play) agreeBriefly(ctx context.Context) (edge time.Time, err error) {
	const shortest, longest, work = 12 * time.Second, 2 * time.Minute, 5 * time.Second
	for length := shortest; ; length *= 2 {
		edge = time.Now().In(p.zone).Add(length).Truncate(time.Second)
		if err := p.give(ctx, "00:00-"+edge.Format("15:04:05"), "editor"+everything); err != nil {
			return edge, err
		}
		before, cancel := context.WithDeadline(ctx, edge)
		err := p.back(before)
		cancel()
		if time.Until(edge) >= work || ctx.Err() != nil || length > longest {
			return edge, err
		}
	}
}

// withdraw agrees once more, works, and withdraws before that work was sealed: it is destroyed. What was sent is exported before that:
// a withdrawal ends every consent, and nothing is released after it.
func (p *Play) withdraw(ctx context.Context) error {
	destroyed := p.plant(p.maker.Word("withdrawn", "consented editor, under the consent that was withdrawn"))
	later := p.plant(p.maker.Word("after-withdrawal", "consented editor, after the withdrawal"))
	if err := p.give(ctx, allDay, "editor"+everything); err != nil { // closes the batch that was recorded under the consent before
		return err
	}
	if err := p.back(ctx); err != nil {
		return err
	}
	if err := p.sent(ctx); err != nil {
		return err
	}
	if err := p.export(ctx); err != nil {
		return err
	}
	if err := p.secretly(typing("This goes: " + destroyed.Text + "\n")); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	if err := p.byleave(ctx, "consent", "withdraw"); err != nil {
		return err
	}
	if err := p.until(ctx, "off"); err != nil {
		return err
	}
	if err := rest(ctx, away); err != nil {
		return err
	}
	return p.secretly(typing(later.Text + "\n"))
}

// colourWords writes a canary's colours for the program that shows it.
func colourWords(c canary.Canary) string {
	out := ""
	for _, k := range c.Colours {
		out += strconv.FormatUint(uint64(k.R)<<16|uint64(k.G)<<8|uint64(k.B), 16) + ","
	}
	return out
}
