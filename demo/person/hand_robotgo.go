//go:build linux && cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/go-vgo/robotgo"

	"github.com/byleave/byleave/demo/script"
)

// hand does acts with robotgo. The pauses between its moves come from the seed.
type hand struct {
	rnd  *rand.Rand
	eyes *eyes
}

func newHand(seed int64) *hand {
	robotgo.KeySleep, robotgo.MouseSleep = 0, 0
	return &hand{rnd: rand.New(rand.NewPCG(uint64(seed), 1)), eyes: &eyes{}}
}

func (h *hand) do(a script.Act) (x, y int, err error) {
	switch a.Do {
	case script.Type:
		return 0, 0, h.write(a)
	case script.Key:
		mods := make([]any, len(a.Mods))
		for i, m := range a.Mods {
			mods[i] = m
		}
		return 0, 0, robotgo.KeyTap(keyName(a.Key), mods...)
	case script.Click:
		return a.X, a.Y, h.click(a)
	case script.Drag:
		return a.X, a.Y, h.drag(a)
	case script.Scroll:
		h.moveTo(a.X, a.Y)
		h.scroll(a.DX, a.DY)
		return a.X, a.Y, nil
	case script.Look:
		ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
		defer cancel()
		return h.eyes.find(ctx, a)
	}
	return 0, 0, fmt.Errorf("nobody knows how to do %q", a.Do)
}

// keyName writes the name of a key as robotgo wants it: small, for it takes a capital, that of "End" too, for a held Shift.
func keyName(name string) string {
	if len(name) > 1 {
		return strings.ToLower(name)
	}
	return name
}

// write types rune by rune. robotgo spells control characters wrongly and loses what lies beyond the BMP.
func (h *hand) write(a script.Act) error {
	for _, r := range a.Text {
		var err error
		switch {
		case r == '\n':
			err = robotgo.KeyTap("enter")
		case r == '\b':
			err = robotgo.KeyTap("backspace")
		case r < 0x20 || r == 0x7f || r > 0xffff:
			err = errors.New("a character that this hand cannot type")
		case r < 0x7f:
			robotgo.UnicodeType(uint32(r))
		default:
			robotgo.Type(string(r))
		}
		if err != nil {
			return err
		}
		if a.Pace > 0 {
			pause(time.Duration(a.Pace) * time.Millisecond)
		} else {
			h.rest(40, 90)
		}
	}
	return nil
}

func (h *hand) click(a script.Act) error {
	h.moveTo(a.X, a.Y)
	button := "left"
	if a.Button != "" {
		button = a.Button
	}
	if a.Count == 2 {
		return robotgo.Click(button, true)
	}
	for range max(a.Count, 1) {
		if err := robotgo.Click(button); err != nil {
			return err
		}
		h.rest(60, 90)
	}
	return nil
}

// drag moves in steps of its own: robotgo's smooth drag ends one pixel beside the target.
func (h *hand) drag(a script.Act) error {
	h.moveTo(a.X, a.Y)
	if err := robotgo.MouseDown("left"); err != nil {
		return err
	}
	h.rest(40, 80)
	const steps = 24
	for i := 1; i <= steps; i++ {
		robotgo.Move(a.X+(a.ToX-a.X)*i/steps, a.Y+(a.ToY-a.Y)*i/steps)
		h.rest(6, 14)
	}
	return robotgo.MouseUp("left")
}

func (h *hand) scroll(dx, dy int) {
	for range max(dx, -dx) {
		robotgo.Scroll(-sign(dx), 0, 0) // robotgo counts left and up as positive
		h.rest(30, 70)
	}
	for range max(dy, -dy) {
		robotgo.Scroll(0, -sign(dy), 0)
		h.rest(30, 70)
	}
}

// moveTo goes where the act is; the pointer rests there a moment, as a hand does.
func (h *hand) moveTo(x, y int) {
	fx, fy := robotgo.Location()
	const steps = 8
	for i := 1; i <= steps; i++ {
		robotgo.Move(fx+(x-fx)*i/steps, fy+(y-fy)*i/steps)
		h.rest(4, 9)
	}
	h.rest(60, 120)
}

func (h *hand) rest(from, to int) {
	pause(time.Duration(from+h.rnd.IntN(to-from+1)) * time.Millisecond)
}

// pause is the person's pace, not a wait for something: nothing else could end it.
func pause(d time.Duration) { <-time.After(d) }

func sign(n int) int {
	if n < 0 {
		return -1
	}
	return 1
}
