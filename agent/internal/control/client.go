package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
)

const maxAnswer = 64 << 20 // review asks for whole boxes

// The ways in which a call fails before its verb ran.
var (
	ErrNotRunning = errors.New("the agent is not running; start it with byleave start, or byleave run")
	ErrDenied     = errors.New("this agent belongs to another user")
)

// VerbError is what the verb itself answered.
type VerbError struct{ Message string }

func (e *VerbError) Error() string { return e.Message }

// Call asks the agent that listens at path for a verb: in is sent as JSON (nil for nothing), the answer is decoded into out
// (nil to ignore it). Errors are ErrNotRunning, ErrDenied, *VerbError, ctx's, or say what broke.
func Call(ctx context.Context, path, verb string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dial(ctx, path)
	}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent/"+verb, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	res, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return dialError(ctx, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil || len(b) > maxAnswer {
		return errors.New("the agent's answer broke off; see byleave status")
	}
	return readAnswer(res.StatusCode, b, out)
}

// Knows tells whether the agent that listens at path has a verb, without running it. Any doubt is no.
func Knows(ctx context.Context, path, verb string) bool {
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dial(ctx, path)
	}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://agent/"+verb, nil) // a verb runs on POST alone
	if err != nil {
		return false
	}
	res, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusMethodNotAllowed
}

func readAnswer(status int, b []byte, out any) error {
	var a answer
	if err := json.Unmarshal(b, &a); err != nil {
		return errors.New("the agent's answer is not understood; agent and command may differ in version: restart the agent")
	}
	switch {
	case status == http.StatusForbidden:
		return ErrDenied
	case status != http.StatusOK:
		return &VerbError{Message: a.Error}
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(a.Out, out); err != nil {
		return errors.New("the agent's answer is not understood; agent and command may differ in version: restart the agent")
	}
	return nil
}

func dialError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return ErrNotRunning
	case errors.Is(err, fs.ErrPermission):
		return ErrDenied
	}
	return fmt.Errorf("ask the agent: %w", err)
}
