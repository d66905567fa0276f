package a11y

import (
	"context"
	"time"
)

const (
	findWait  = 300 * time.Millisecond // for all questions of one Find
	findNodes = 200                    // so many elements are looked at

	roleFiller   Role = 20
	roleMenuBar  Role = 34
	stateActive       = 1
	stateFocused      = 12
)

// Find asks which element of application pid has the keyboard focus now: needed where nobody saw it get there. It looks
// through what is shown in the application's one active window, at most findNodes elements and findWait long, and gives
// nothing rather than a guess. The application's own search (Collection.GetMatches) is not used: it walks all of a
// document, shown or not, while the application stands still.
func (c *Client) Find(ctx context.Context, pid int) (Focus, bool) {
	ctx, cancel := context.WithTimeout(ctx, findWait)
	defer cancel()
	app, ok := c.application(ctx, pid)
	if !ok {
		return Focus{}, false
	}
	window, ok := c.active(ctx, node{app, rootPath})
	if !ok {
		return Focus{}, false
	}
	n, ok := c.focusedIn(ctx, window)
	if !ok {
		return Focus{}, false
	}
	f := c.look(ctx, c.now(), n)
	return f, f.Known
}

// active is the one active window of an application.
func (c *Client) active(ctx context.Context, app node) (window node, ok bool) {
	for _, r := range c.children(ctx, app) {
		s, err := c.states(ctx, r.node())
		if err != nil {
			return node{}, false
		}
		if !s.has(stateActive) {
			continue
		}
		if ok {
			return node{}, false
		}
		window, ok = r.node(), true
	}
	return window, ok
}

// focusedIn is the element below a window that has the focus, nearest first. Menus are left out: an open one tells its
// focus itself, and a closed one has many items.
func (c *Client) focusedIn(ctx context.Context, window node) (node, bool) {
	var found claims
	queue := []node{window}
	for seen := 0; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		if seen++; seen > findNodes {
			return node{}, false
		}
		s, err := c.states(ctx, n)
		if err != nil {
			return node{}, false
		}
		if !s.has(stateShowing) && !s.has(stateFocused) {
			continue
		}
		role, err := c.role(ctx, n)
		if err != nil {
			return node{}, false
		}
		if s.has(stateFocused) && n != window {
			found.add(n, role)
		}
		if role == roleMenuBar || (Focus{Role: role, Known: true}).Menu() {
			continue
		}
		for _, r := range c.children(ctx, n) {
			queue = append(queue, r.node())
		}
	}
	return found.one()
}

// claims are the elements that say that they have the focus. Qt's parts of a text, and the tab of the page that is shown,
// say it beside the text.
type claims struct {
	secret, text, other []node
}

func (f *claims) add(n node, r Role) {
	switch kind := (Focus{Role: r, Known: true}); {
	case kind.Secret():
		f.secret = append(f.secret, n)
	case kind.Text():
		f.text = append(f.text, n)
	case r != roleFiller && r != RoleTab:
		f.other = append(f.other, n)
	}
}

// one is the element that is believed: a secret field before all, else the only one.
func (f *claims) one() (node, bool) {
	switch {
	case len(f.secret) > 0:
		return f.secret[0], true
	case len(f.text) == 1 && len(f.other) == 0:
		return f.text[0], true
	case len(f.text) == 0 && len(f.other) == 1:
		return f.other[0], true
	}
	return node{}, false
}
