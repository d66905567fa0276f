package service

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/res"
)

// session is a small desktop: an X server that asks for a key, a window manager, and what the standard of freedesktop.org has
// every desktop do at login: start what lies in the autostart folder. It tells nobody else of its display.
const session = `set -e
export DISPLAY=%[1]s XAUTHORITY="$XDG_RUNTIME_DIR/desk.xauth" XDG_SESSION_TYPE=x11 DBUS_SESSION_BUS_ADDRESS="unix:path=$XDG_RUNTIME_DIR/bus"
(umask 077; : > "$XAUTHORITY"); xauth -q add "$DISPLAY" . %[2]s
Xvfb "$DISPLAY" -screen 0 1280x800x24 -nolisten tcp -noreset -auth "$XAUTHORITY" &
until xdotool getdisplaygeometry >/dev/null 2>&1; do sleep 0.1; done
openbox --sm-disable &
dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus org.freedesktop.DBus.Properties.Set string:org.a11y.Status string:IsEnabled variant:boolean:true
for entry in "$HOME"/.config/autostart/*.desktop; do [ ! -e "$entry" ] || gio launch "$entry"; done
: > "$XDG_RUNTIME_DIR/desk.up"
wait
`

// Desktop begins a desktop session and waits until it has started what it starts at login.
func (p *Person) Desktop(ctx context.Context) error {
	p.Display = fmt.Sprintf(":%d", 1000+os.Getpid()%20000*3+p.m.people%3) // its socket's name is shared with this machine
	p.cookie = fmt.Sprintf("%x", random(16))
	if err := p.begin(ctx, "desktop", "sh", "-c", fmt.Sprintf(strings.ReplaceAll(session, "$", "$$"), p.Display, p.cookie)); err != nil {
		return err
	}
	return desktop.Until(ctx, "the desktop of "+p.Name, func() bool {
		_, err := os.Stat(p.m.Path(p.Runtime() + "/desk.up"))
		return err == nil
	})
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// OnDesktop is a command line of the person's in their desktop session.
func (p *Person) OnDesktop(args ...string) []string {
	return append([]string{"env", "DISPLAY=" + p.Display, "XAUTHORITY=" + p.Runtime() + "/desk.xauth", "XDG_SESSION_TYPE=x11"}, args...)
}

// Clients are the pids of the programs that hold a connection to the person's display: the X server says so, not they.
func (p *Person) Clients() (map[int]bool, error) {
	c, err := net.Dial("unix", p.m.Path("/tmp/.X11-unix/X"+p.Display[1:]))
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	x, err := xgb.NewConnNetWithCookieHex(c, p.cookie)
	if err != nil {
		return nil, fmt.Errorf("service: the display: %w", err)
	}
	defer x.Close()
	if err := res.Init(x); err != nil {
		return nil, fmt.Errorf("service: X-Resource: %w", err)
	}
	if _, err := res.QueryVersion(x, 1, 2).Reply(); err != nil {
		return nil, fmt.Errorf("service: X-Resource: %w", err)
	}
	ids, err := res.QueryClientIds(x, 1, []res.ClientIdSpec{{Mask: res.ClientIdMaskLocalClientPID}}).Reply()
	if err != nil {
		return nil, fmt.Errorf("service: list the display's clients: %w", err)
	}
	clients := map[int]bool{}
	for _, id := range ids.Ids {
		if len(id.Value) > 0 {
			clients[int(id.Value[0])] = true
		}
	}
	return clients, nil
}
