package a11y

import "context"

const (
	saysNodes = 250 // so many elements are looked at
	longName  = 400 // bytes; a longer name is content
)

// Said is what an application says of what stands in its window. It is raw, and it may be wrong: it is a witness beside the
// pixels, never in their place.
type Said struct {
	Labels  []Element // that the program itself has written: its menus, buttons, labels
	Cells   []Element // of lists and tables: their names are content
	Secrets []Rect    // where something hidden can be typed
}

// Roles of what a program writes itself, and of what it fills with content.
var (
	ownRoles = map[Role]bool{7: true, 8: true, 29: true, 33: true, 35: true, 37: true, 43: true, 44: true, 45: true, 62: true, 64: true, 129: true}
	cells    = map[Role]bool{32: true, 56: true, 57: true, 58: true, 88: true, 91: true}
)

// Says asks application pid what its one active window shows. It looks at what is shown, from the outside in, and gives what it
// learnt when ctx ended; what it does not name, nobody knows. False if there is no such window.
func (c *Client) Says(ctx context.Context, pid int) (Said, bool) {
	app, ok := c.application(ctx, pid)
	if !ok {
		return Said{}, false
	}
	window, ok := c.active(ctx, node{app, rootPath})
	if !ok {
		return Said{}, false
	}
	var s Said
	queue := []node{window}
	for seen := 0; len(queue) > 0 && seen < saysNodes && ctx.Err() == nil; seen++ {
		n := queue[0]
		queue = queue[1:]
		role, err := c.role(ctx, n)
		if err != nil {
			continue
		}
		if states, err := c.states(ctx, n); err != nil || !states.has(stateShowing) {
			continue
		}
		if c.take(ctx, &s, n, role) {
			for _, r := range c.children(ctx, n) {
				queue = append(queue, r.node())
			}
		}
	}
	return s, true
}

// take notes an element, and tells whether there may be more inside it. A closed menu has many items that are not shown, and what
// stands in a text is not asked for.
func (c *Client) take(ctx context.Context, s *Said, n node, role Role) (inside bool) {
	switch f := (Focus{Role: role, Known: true}); {
	case f.Secret() || f.Terminal():
		if r, ok := c.extents(ctx, n); ok {
			s.Secrets = append(s.Secrets, r)
		}
		return false
	case role == RoleText || role == RoleEntry || role == RoleParagraph:
		return false
	case !ownRoles[role] && !cells[role]:
		return true
	}
	e := c.describe(ctx, n)
	switch {
	case e.Name == "" || len(e.Name) > longName || e.Rect.W <= 0 || e.Rect.H <= 0:
		return role != RoleMenu
	case cells[role]:
		s.Cells = append(s.Cells, e)
	default:
		s.Labels = append(s.Labels, e)
	}
	return role == RoleTab
}
