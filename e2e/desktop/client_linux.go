package desktop

import (
	"fmt"

	"github.com/jezek/xgb/res"
)

// HasClient tells whether the process holds a connection to the display: the X server says so, not the process.
func (d *Desktop) HasClient(pid int) (bool, error) {
	d.mu.Lock()
	c := d.conn
	d.mu.Unlock()
	if err := res.Init(c.x); err != nil {
		return false, fmt.Errorf("desktop: X-Resource: %w", err)
	}
	if _, err := res.QueryVersion(c.x, 1, 2).Reply(); err != nil {
		return false, fmt.Errorf("desktop: X-Resource: %w", err)
	}
	all := []res.ClientIdSpec{{Mask: res.ClientIdMaskLocalClientPID}}
	ids, err := res.QueryClientIds(c.x, uint32(len(all)), all).Reply()
	if err != nil {
		return false, fmt.Errorf("desktop: list the display's clients: %w", err)
	}
	for _, id := range ids.Ids {
		if len(id.Value) > 0 && int(id.Value[0]) == pid {
			return true, nil
		}
	}
	return false, nil
}
