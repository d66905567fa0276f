//go:build linux || windows

package tray

import (
	"context"
	"io"
	"log"
	"runtime"
	"sync"
	"time"

	"fyne.io/systray"
)

// Run shows the tray until ctx ends (nil), or says why it cannot. It can be run once in the life of a process, as the library
// holds its state in globals; a Run that returned ErrNoBus does not count.
func Run(ctx context.Context, opt Options) error {
	host, err := meet(ctx)
	if err != nil {
		return err
	}
	log.SetOutput(io.Discard) // the library prints each D-Bus trouble; ours is told once, through Host
	runtime.LockOSThread()    // Windows sends a window's messages to the thread that made it
	defer runtime.UnlockOSThread()
	ctx, end := context.WithCancel(ctx)
	defer end()
	p := panel{opt: opt}
	built := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		defer systray.Quit()
		select {
		case <-built:
			err = p.follow(ctx, host, &group)
		case <-ctx.Done():
		}
	})
	systray.SetTitle("Byleave")
	broken := run(ctx, func() { p.build(); close(built) })
	end()
	group.Wait()
	if broken != nil {
		return broken
	}
	return err
}

// panel is the menu as it was last told to the desktop. After build only follow's goroutine touches it.
type panel struct {
	opt   Options
	items [rows]*systray.MenuItem
	said  [rows]string
	state string

	lastApp string // that was recorded
	lastAt  time.Time
}

// build makes all rows. It must return at once: the desktop's question for the menu waits for it.
func (p *panel) build() {
	now := time.Now()
	v := p.view(now)
	p.said, p.state = menu(v, now), v.State
	systray.SetIcon(icon(v.State))
	systray.SetTooltip("Byleave. " + p.said[rowState])
	for r := range rows {
		if lined[r] {
			systray.AddSeparator()
		}
		if parent, ok := parents[r]; ok {
			p.items[r] = p.items[parent].AddSubMenuItem(p.said[r], "")
		} else {
			p.items[r] = systray.AddMenuItem(p.said[r], "")
		}
		if acts[r] == None && r != rowWhat && r != rowWithdraw {
			p.items[r].Disable()
		}
		if p.said[r] == "" {
			p.items[r].Hide()
		}
	}
}

// follow keeps the panel true until ctx ends (nil) or the bus goes.
func (p *panel) follow(ctx context.Context, host host, group *sync.WaitGroup) error {
	for r := range rows {
		if acts[r] != None {
			group.Go(func() { p.listen(ctx, r) })
		}
	}
	p.opt.Host(host.words())
	for {
		p.update()
		select {
		case <-ctx.Done():
			return nil
		case <-p.opt.Changed:
		case here, ok := <-host.changes():
			if !ok {
				return ErrGone
			}
			p.opt.Host(wordsOf(here))
		}
	}
}

// listen carries out the clicks on one row. The library drops a click for which nobody waits: a row that is still at work.
func (p *panel) listen(ctx context.Context, r row) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.items[r].ClickedCh:
			p.opt.Do(ctx, acts[r])
		}
	}
}

// update tells the desktop what has changed, and nothing else: each word is a message that wakes it.
func (p *panel) update() {
	v := p.view(time.Now())
	m := menu(v, time.Now())
	if v.State != p.state {
		p.state = v.State
		systray.SetIcon(icon(v.State))
	}
	if m[rowState] != p.said[rowState] {
		systray.SetTooltip("Byleave. " + m[rowState])
	}
	for r := range rows {
		was := p.said[r]
		switch {
		case m[r] == was:
			continue
		case m[r] == "":
			p.items[r].Hide()
		case was == "":
			p.items[r].SetTitle(m[r])
			p.items[r].Show()
		default:
			p.items[r].SetTitle(m[r])
		}
		p.said[r] = m[r]
	}
}

// view is what holds now, and what was recorded last.
func (p *panel) view(now time.Time) View {
	v := p.opt.View()
	switch {
	case v.State == "recording":
		p.lastApp, p.lastAt = v.App, time.Time{}
	case p.lastAt.IsZero():
		p.lastAt = now
	}
	v.lastApp, v.lastAt = p.lastApp, p.lastAt
	return v
}

func wordsOf(here bool) string {
	if here {
		return ""
	}
	return NoHost
}
