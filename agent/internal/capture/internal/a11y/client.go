package a11y

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/godbus/dbus/v5"
)

// ErrNoBus says that the desktop has no accessibility bus: then no element is known, and no text is recorded.
var ErrNoBus = errors.New("no accessibility bus; install at-spi2-core and log in again to let text be recorded")

const (
	openWait  = 2 * time.Second       // for each question while opening; the bus starts the registry on demand
	openMost  = time.Minute           // for each question while a bus that is slow to answer is awaited
	eventWait = 60 * time.Millisecond // for all questions about one focus event

	registryName = "org.a11y.atspi.Registry"
	registryPath = "/org/a11y/atspi/registry"
	rootPath     = dbus.ObjectPath("/org/a11y/atspi/accessible/root")
	backlog      = 256     // focus events that wait to be asked about
	longestPath  = 1 << 10 // bytes
	longestWords = 4 << 10 // bytes of what an element says of itself

	ifAccessible  = "org.a11y.atspi.Accessible."
	ifComponent   = "org.a11y.atspi.Component."
	focusedEvent  = "object:state-changed:focused"
	stateMultiple = 17 // MULTI_LINE
	stateShowing  = 25
)

// Client is a connection to the accessibility bus. Its methods may be called from any goroutine.
type Client struct {
	conn    *dbus.Conn
	now     func() policy.Moment
	arrived arrivals
	focused chan Focus
	done    chan struct{} // closed by Close: stop sending
	ended   chan struct{} // closed when the goroutine has ended
	close   sync.Once

	mu    sync.Mutex
	pids  map[string]int // of the bus names that had the focus
	apps  map[int]string // the other way round
	nodes map[uint64]node
	order []uint64 // of nodes, oldest first: it is bounded
}

// node is where an accessible object lives.
type node struct {
	name string
	path dbus.ObjectPath
}

// Open connects to the accessibility bus of the session, switches accessibility on, and listens for focus events. ErrNoBus
// means that there is no such bus. Now gives the moment at which an event arrives.
func Open(now func() policy.Moment) (*Client, error) {
	return open(context.Background(), now, openWait)
}

// open is Open with so much time for each question.
func open(ctx context.Context, now func() policy.Moment, wait time.Duration) (*Client, error) {
	in := arrivals{waiting: make(chan node, backlog), over: make(chan struct{}, 1)}
	conn, err := dial(ctx, wait, in)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrNoBus, err)
	}
	c := &Client{
		conn: conn, now: now, arrived: in, focused: make(chan Focus, 16),
		done: make(chan struct{}), ended: make(chan struct{}),
		pids: map[string]int{}, apps: map[int]string{}, nodes: map[uint64]node{},
	}
	if err := c.listen(ctx, wait); err != nil {
		conn.Close()
		return nil, fmt.Errorf("%w (%w)", ErrNoBus, err)
	}
	go c.run()
	return c, nil
}

// Await opens the accessibility bus as soon as the session has one, at once if it does. One that is there and does not answer in time tells
// nothing when it does: it is asked again, with more time. It gives up, with an error, when ctx ends or the session does.
func Await(ctx context.Context, now func() policy.Moment) (*Client, error) {
	session, err := sessionBus(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrNoBus, err)
	}
	defer session.Close()
	changed := make(chan *dbus.Signal, 16)
	session.Signal(changed)
	err = session.AddMatchSignalContext(ctx, dbus.WithMatchInterface("org.freedesktop.DBus"),
		dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, "org.a11y.Bus"))
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrNoBus, err)
	}
	for wait := openWait; ; wait = min(2*wait, openMost) {
		c, err := open(ctx, now, wait)
		if err == nil {
			return c, nil
		}
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			continue
		}
		select {
		case _, ok := <-changed:
			if !ok {
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Present tells whether the session has an accessibility bus, without listening to it; ErrNoBus if it has none.
func Present() error {
	conn, err := dial(context.Background(), openWait, arrivals{})
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrNoBus, err)
	}
	conn.Close()
	return nil
}

// sessionBus connects to the session bus that is there. The library's usual way would start one where there is none, which no program of the
// session speaks to, and which outlives the agent.
func sessionBus(ctx context.Context) (*dbus.Conn, error) {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	return greet(ctx, conn)
}

// greet begins to talk on a connection, and gives up when ctx ends: who listens there may never answer, and the library would wait for ever.
func greet(ctx context.Context, conn *dbus.Conn) (*dbus.Conn, error) {
	inTime := context.AfterFunc(ctx, func() { conn.Close() })
	err := conn.Auth(nil)
	if err == nil {
		err = conn.Hello()
	}
	if !inTime() {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// arrivals keeps what got the focus, in the order in which it was told, until somebody asks about it. Every program may tell that something of it got
// the focus, as often as it likes. What the library would keep without end is kept up to backlog here; then nobody knows any more what has the focus.
// The zero arrivals take nothing in.
type arrivals struct {
	waiting chan node
	over    chan struct{}
}

// DeliverSignal is that of dbus.SignalHandler. It never waits: answers come on the same line.
func (a arrivals) DeliverSignal(_, _ string, s *dbus.Signal) {
	if !gotFocus(s) {
		return
	}
	if len(s.Path) <= longestPath {
		select {
		case a.waiting <- node{s.Sender, s.Path}:
			return
		default:
		}
	}
	select {
	case a.over <- struct{}{}:
	default:
	}
}

// dial asks the session bus for the accessibility bus.
func dial(ctx context.Context, wait time.Duration, in arrivals) (*dbus.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	session, err := sessionBus(ctx)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	bus := session.Object("org.a11y.Bus", "/org/a11y/bus")
	var address string
	if err := bus.CallWithContext(ctx, "org.a11y.Bus.GetAddress", 0).Store(&address); err != nil {
		return nil, err
	}
	on := bus.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Set", 0, "org.a11y.Status", "IsEnabled", dbus.MakeVariant(true))
	if on.Err != nil {
		return nil, on.Err
	}
	if !local(address) {
		return nil, errors.New("its address is not one of this computer")
	}
	conn, err := dbus.Dial(address, dbus.WithSignalHandler(in))
	if err != nil {
		return nil, err
	}
	return greet(ctx, conn)
}

// local tells whether all that an address names are sockets of this computer. It comes from whoever owns the name of the bus: another kind leads to another
// computer, and one has the library send a file there.
func local(address string) bool {
	for one := range strings.SplitSeq(address, ";") {
		if !strings.HasPrefix(one, "unix:") {
			return false
		}
	}
	return true
}

func (c *Client) listen(ctx context.Context, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err := c.conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface("org.a11y.atspi.Event.Object"),
		dbus.WithMatchMember("StateChanged"), dbus.WithMatchArg(0, "focused"))
	if err != nil {
		return err
	}
	return c.conn.Object(registryName, registryPath).
		CallWithContext(ctx, "org.a11y.atspi.Registry.RegisterEvent", 0, focusedEvent).Err
}

// Focused gives each element that got the focus, in order. It is closed when the bus dies, or more came than can be asked about.
func (c *Client) Focused() <-chan Focus { return c.focused }

// Close ends the connection. It is safe to call twice.
func (c *Client) Close() {
	c.close.Do(func() {
		close(c.done)
		c.conn.Close()
	})
	<-c.ended
}

// run turns what arrives into focus events until the connection ends.
func (c *Client) run() {
	defer close(c.ended)
	defer close(c.focused)
	for {
		select {
		case n := <-c.arrived.waiting:
			select {
			case c.focused <- c.ask(c.now(), n):
			case <-c.done:
				return
			}
		case <-c.arrived.over:
			return
		case <-c.done:
			return
		case <-c.conn.Context().Done():
			return
		}
	}
}

// gotFocus decodes by index: toolkits put different things into the fifth element.
func gotFocus(s *dbus.Signal) bool {
	if len(s.Body) < 2 {
		return false
	}
	what, _ := s.Body[0].(string)
	on, _ := s.Body[1].(int32)
	return what == "focused" && on == 1
}

// ask finds out what got the focus. What stays unknown is left out, and Known is false then.
func (c *Client) ask(at policy.Moment, n node) Focus {
	ctx, cancel := context.WithTimeout(context.Background(), eventWait)
	defer cancel()
	return c.look(ctx, at, n)
}

// look finds out what an element is that has the focus at at.
func (c *Client) look(ctx context.Context, at policy.Moment, n node) Focus {
	f := Focus{At: at, ID: c.remember(n)}
	pid, err := c.pid(ctx, n.name)
	if err != nil {
		return f
	}
	f.PID = pid
	if err := c.call(ctx, n, ifAccessible+"GetRole").Store(&f.Role); err != nil {
		return f
	}
	states, err := c.states(ctx, n)
	if err != nil {
		return f
	}
	f.Known, f.Lines = true, states.has(stateMultiple)
	f.Element = c.describe(ctx, n)
	return f
}

// describe gives what can be said of a node to people; what it does not answer stays empty, and so does what nobody would read.
func (c *Client) describe(ctx context.Context, n node) Element {
	var e Element
	if err := c.call(ctx, n, ifAccessible+"GetRoleName").Store(&e.Role); err != nil || len(e.Role) > longestWords {
		return Element{}
	}
	var name dbus.Variant
	if err := c.call(ctx, n, "org.freedesktop.DBus.Properties.Get", "org.a11y.atspi.Accessible", "Name").Store(&name); err == nil {
		e.Name, _ = name.Value().(string)
	}
	if len(e.Name) > longestWords {
		e.Name = ""
	}
	e.Rect, _ = c.extents(ctx, n)
	return e
}

// Answers asks the application of an element what the element is, and returns no error if it answers before ctx ends: it was not hung since
// the question was put. A refusal is an answer, too. Secret tells that the element is a password field by now: a field may become one while
// it has the focus, and no event tells it.
func (c *Client) Answers(ctx context.Context, id uint64) (secret bool, err error) {
	c.mu.Lock()
	n, ok := c.nodes[id]
	c.mu.Unlock()
	if !ok {
		return false, errors.New("a11y: the element is not known any more")
	}
	r, err := c.role(ctx, n)
	if _, refused := errors.AsType[dbus.Error](err); refused {
		return false, nil
	}
	return r == RolePasswordText, err
}

type stateSet []uint32

func (s stateSet) has(bit uint) bool {
	return int(bit/32) < len(s) && s[bit/32]&(1<<(bit%32)) != 0
}

func (c *Client) states(ctx context.Context, n node) (stateSet, error) {
	var s []uint32
	err := c.call(ctx, n, ifAccessible+"GetState").Store(&s)
	return s, err
}

func (c *Client) extents(ctx context.Context, n node) (Rect, bool) {
	var r struct{ X, Y, W, H int32 }
	if err := c.call(ctx, n, ifComponent+"GetExtents", uint32(0)).Store(&r); err != nil || r.X < -10000 {
		return Rect{}, false // a hidden element says that it lies far outside
	}
	return Rect{int(r.X), int(r.Y), int(r.W), int(r.H)}, true
}

func (c *Client) call(ctx context.Context, n node, method string, args ...any) *dbus.Call {
	return c.conn.Object(n.name, n.path).CallWithContext(ctx, method, 0, args...)
}

// pid is the process behind a bus name. Names are never used twice, so an answer stays true.
func (c *Client) pid(ctx context.Context, name string) (int, error) {
	c.mu.Lock()
	pid, ok := c.pids[name]
	c.mu.Unlock()
	if ok {
		return pid, nil
	}
	var p uint32
	err := c.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionUnixProcessID", 0, name).Store(&p)
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pids) >= keep {
		clear(c.pids)
		clear(c.apps)
	}
	c.pids[name], c.apps[int(p)] = int(p), name
	return int(p), nil
}

// keep bounds how many applications and elements are remembered.
const keep = 256

// remember gives a node its number.
func (c *Client) remember(n node) uint64 {
	h := fnv.New64a()
	h.Write([]byte(n.name))
	h.Write([]byte{0})
	h.Write([]byte(n.path))
	id := h.Sum64() | 1
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.nodes[id]; !ok {
		if len(c.order) >= keep {
			delete(c.nodes, c.order[0])
			c.order = c.order[1:]
		}
		c.order = append(c.order, id)
	}
	c.nodes[id] = n
	return id
}
