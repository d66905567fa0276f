package page

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// IdleMost is after how long without a request a page closes by itself.
	IdleMost = 15 * time.Minute
	// MostClients is how many connections are open at once.
	MostClients = 32

	readLimit  = 10 * time.Second
	writeLimit = 30 * time.Second
	drainLimit = 2 * time.Second
	maxHeader  = 16 << 10
)

// Reason is why Serve ended.
type Reason uint8

// The ways in which a page ends.
const (
	Stopped Reason = iota // the context ended
	Closed                // the person pressed Close
	Idle                  // nobody used it
)

// Options say how a page is served.
type Options struct {
	Idle  time.Duration // after which a connection is closed on which nothing comes
	Ended <-chan Reason // says that it is over
	Ready func()        // is called once connections are taken
	Users []int         // who may connect beside the own user, where the system tells who does
}

// Serve answers with h on l until it is over or ctx ends. Nothing listens after it returned.
func Serve(ctx context.Context, l net.Listener, h http.Handler, opt Options) (why Reason, err error) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readLimit,
		ReadTimeout:       readLimit,
		WriteTimeout:      writeLimit,
		IdleTimeout:       opt.Idle,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // it could quote a request
	}
	served := make(chan error, 1)
	go func() {
		served <- srv.Serve(&doorman{Listener: l, users: opt.Users, room: make(chan struct{}, MostClients), closed: make(chan struct{})})
	}()
	opt.Ready()
	select {
	case err = <-served:
		return Stopped, fmt.Errorf("the page: %w", err)
	case <-ctx.Done():
	case why = <-opt.Ended:
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer cancel()
	if err := srv.Shutdown(limit); err != nil { // a slow client does not hold the person up
		return why, errors.Join(srv.Close(), over(served))
	}
	return why, over(served)
}

// over waits for the end of serving; that it was closed is none of its errors.
func over(served <-chan error) error {
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Listen takes a port of the loopback address, any free one for 0. No other address is ever tried.
func Listen(ctx context.Context, port uint16) (net.Listener, error) {
	var lc net.ListenConfig
	at := strconv.Itoa(int(port))
	l, err := lc.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", at))
	if err == nil {
		return l, nil
	}
	l, err6 := lc.Listen(ctx, "tcp6", net.JoinHostPort("::1", at))
	if err6 != nil {
		return nil, fmt.Errorf("open the page on this computer: %w", errors.Join(err, err6))
	}
	return l, nil
}

// doorman turns other users away before anything is read from them, and bounds how many connections are open at once.
type doorman struct {
	net.Listener
	users  []int
	room   chan struct{}
	closed chan struct{}
	once   sync.Once
}

// Accept returns the next connection of the same user. Strangers take nobody's place.
func (d *doorman) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !sameUser(c, d.users...) {
			c.Close()
			continue
		}
		select {
		case d.room <- struct{}{}:
			return &guest{Conn: c, leave: sync.OnceFunc(func() { <-d.room })}, nil
		case <-d.closed:
			c.Close()
			return nil, net.ErrClosed
		}
	}
}

// Close ends the listener, also while every place is taken.
func (d *doorman) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Listener.Close()
}

// guest gives its place back when it leaves.
type guest struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (g *guest) Close() error {
	err := g.Conn.Close()
	g.leave()
	return err
}
