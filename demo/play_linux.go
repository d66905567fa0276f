package main

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/byleave/byleave/demo/canary"
	scene "github.com/byleave/byleave/demo/play"
)

// limit bounds each run: a demo that hangs has failed, one on a slow machine has not.
const limit = 20 * time.Minute

// mostPlays bounds how often the piece is played on a computer that is too busy for it. Only the last time is judged, by all that is promised.
const mostPlays = 5

const again = "This computer is busy: the agent could not see for a moment, and says so. The piece is played again. Missing: %s.\n"

// play plays the whole piece, then the control, and judges.
func play(ctx context.Context, o options) error {
	if err := clean(o.out); err != nil {
		return err
	}
	fmt.Printf("A person works on a virtual desktop for about a minute (seed %d).\n", o.seed)
	r, err := whole(ctx, o)
	for n := 1; err == nil && r.Blinded() && n < mostPlays; n++ {
		fmt.Printf(again, strings.Join(r.Actions.Missing, "; "))
		if err := clean(o.out); err != nil {
			return err
		}
		r, err = whole(ctx, o)
	}
	if err != nil {
		return err
	}
	if o.control {
		fmt.Println("The control: the same search must find everything where the redactor is disconnected.")
		r.Control, err = control(ctx, o)
		for n := 1; err == nil && r.Control.Blinded() && n < mostPlays; n++ {
			fmt.Printf(again, strings.Join(r.Control.Missed, "; "))
			r.Control, err = control(ctx, o)
		}
		if err != nil {
			return fmt.Errorf("control: %w", err)
		}
	}
	faults := r.Faults()
	r.Passed = len(faults) == 0
	if err := errors.Join(r.ContactSheet(filepath.Join(o.out, "contact-sheet.png")), r.Write(filepath.Join(o.out, "report.json")), r.Table(os.Stdout)); err != nil {
		return err
	}
	fmt.Printf("\n%s, %s, %s in %s\n", "report.json", "contact-sheet.png", "desktop.png", o.out)
	if !r.Passed {
		return errors.New("FAILED\n  " + strings.Join(faults, "\n  "))
	}
	fmt.Println("Every promise held.")
	return nil
}

// clean removes what an earlier demo left, and nothing else.
func clean(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	for _, name := range []string{"export", "export-after-withdrawal", "control", "report.json", "contact-sheet.png", "desktop.png"} {
		if err := os.RemoveAll(filepath.Join(out, name)); err != nil {
			return fmt.Errorf("results: %w", err)
		}
	}
	return nil
}

func whole(ctx context.Context, o options) (r *scene.Result, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	p, err := scene.Open(ctx, scene.Options{Bin: o.bin, Out: o.out, Seed: o.seed, Log: os.Stdout}, "byleave")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := p.Run(ctx); err != nil {
		return nil, err
	}
	fmt.Println("Exporting, comparing, and looking for every planted secret.")
	return p.Judge(ctx)
}

func control(ctx context.Context, o options) (c *scene.Control, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out := filepath.Join(o.out, "control")
	p, err := scene.Open(ctx, scene.Options{Bin: o.bin, Out: out, Seed: o.seed + 1, Log: os.Stdout}, "byleave-disconnected")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close(), os.RemoveAll(out)) }()
	if err := p.RunControl(ctx); err != nil {
		return nil, err
	}
	r, err := p.Judge(ctx)
	if err != nil {
		return nil, err
	}
	c = &scene.Control{Planted: len(r.Canaries), Missed: r.Missed(), Blind: r.Blind()}
	for _, v := range r.Canaries {
		if v.Found {
			c.Found++
		}
	}
	return c, nil
}

// show is the window with a canary that the play opens as a program of its own.
func show(ctx context.Context, text, colours string) error {
	c := canary.Canary{Text: text}
	for _, word := range strings.FieldsFunc(colours, func(r rune) bool { return r == ',' }) {
		v, err := strconv.ParseUint(word, 16, 24)
		if err != nil {
			return misuse{fmt.Errorf("a colour is written rrggbb: %w", err)}
		}
		c.Colours = append(c.Colours, color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255})
	}
	return canary.Show(ctx, os.Getenv("DISPLAY"), c)
}
