package a11y

import (
	"context"

	"github.com/godbus/dbus/v5"
)

// deepest bounds the way from a window to an element under a point; more children than widest are not looked through.
const (
	deepest = 24
	widest  = 64
)

// ref is how AT-SPI writes a reference to an object.
type ref struct {
	Name string
	Path dbus.ObjectPath
}

func (r ref) null() bool { return r.Path == "" || r.Path == "/org/a11y/atspi/null" }

func (r ref) node() node { return node{r.Name, r.Path} }

// Under gives the innermost element of application pid that lies under a screen point, as far as it is found before ctx
// ends. Last is the element that had the focus last, or 0: an open menu is no part of its window's tree, but its item
// under the pointer has the focus.
func (c *Client) Under(ctx context.Context, pid int, last uint64, x, y int) (Element, bool) {
	if e, ok := c.menuItem(ctx, last, x, y); ok {
		return e, true
	}
	app, ok := c.application(ctx, pid)
	if !ok {
		return Element{}, false
	}
	n, ok := c.childAt(ctx, node{app, rootPath}, x, y)
	if !ok {
		return Element{}, false
	}
	return c.describe(ctx, c.descend(ctx, n, x, y)), ctx.Err() == nil
}

func (c *Client) menuItem(ctx context.Context, last uint64, x, y int) (Element, bool) {
	c.mu.Lock()
	n, ok := c.nodes[last]
	c.mu.Unlock()
	if !ok {
		return Element{}, false
	}
	role, err := c.role(ctx, n)
	if err != nil || !(Focus{Role: role, Known: true}).Menu() {
		return Element{}, false
	}
	if r, ok := c.extents(ctx, n); !ok || !r.Has(x, y) {
		return Element{}, false
	}
	return c.describe(ctx, n), true
}

// application is the bus name of a process: known from a focus event, else asked of the registry.
func (c *Client) application(ctx context.Context, pid int) (string, bool) {
	c.mu.Lock()
	name, ok := c.apps[pid]
	c.mu.Unlock()
	if ok {
		return name, true
	}
	for _, r := range c.children(ctx, node{registryName, rootPath}) {
		if p, err := c.pid(ctx, r.Name); err == nil && p == pid {
			return r.Name, true
		}
	}
	return "", false
}

// descend goes from a window to the leaf under the point. GetAccessibleAtPoint goes one step at a time, and some containers
// answer with themselves or with a part that has children: then the children's own boxes decide.
func (c *Client) descend(ctx context.Context, n node, x, y int) node {
	for range deepest {
		next, ok := c.step(ctx, n, x, y)
		if !ok || next == n {
			return n
		}
		n = next
	}
	return n
}

func (c *Client) step(ctx context.Context, n node, x, y int) (node, bool) {
	role, err := c.role(ctx, n)
	if err != nil {
		return n, false
	}
	if role == RoleTabList { // GTK's notebooks stop here: go on in the page that is shown
		if page, ok := c.shown(ctx, n); ok {
			return c.childAt(ctx, page, x, y)
		}
		return n, false
	}
	var r ref
	err = c.call(ctx, n, ifComponent+"GetAccessibleAtPoint", int32(x), int32(y), uint32(0)).Store(&r)
	if err == nil && !r.null() && r.node() != n {
		return r.node(), true
	}
	return c.childAt(ctx, n, x, y)
}

// shown is the page of a tab list that can be seen.
func (c *Client) shown(ctx context.Context, list node) (node, bool) {
	for _, r := range c.children(ctx, list) {
		if s, err := c.states(ctx, r.node()); err == nil && s.has(stateShowing) {
			return r.node(), true
		}
	}
	return node{}, false
}

// childAt is the showing child whose own box holds the point; the last one, since later children lie above.
func (c *Client) childAt(ctx context.Context, n node, x, y int) (node, bool) {
	refs := c.children(ctx, n)
	for i := len(refs) - 1; i >= 0; i-- {
		child := refs[i].node()
		if r, ok := c.extents(ctx, child); !ok || !r.Has(x, y) {
			continue
		}
		if s, err := c.states(ctx, child); err == nil && s.has(stateShowing) {
			return child, true
		}
	}
	return n, false
}

func (c *Client) children(ctx context.Context, n node) []ref {
	var refs []ref
	if err := c.call(ctx, n, ifAccessible+"GetChildren").Store(&refs); err != nil || len(refs) > widest {
		return nil
	}
	return refs
}

func (c *Client) role(ctx context.Context, n node) (Role, error) {
	var r Role
	err := c.call(ctx, n, ifAccessible+"GetRole").Store(&r)
	return r, err
}
