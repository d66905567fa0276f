package control

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Microsoft/go-winio"
	"go.uber.org/goleak"
	"golang.org/x/sys/windows"
)

// ofSystem are goroutines that live as long as the process: the pipe library waits in one for the system's answers.
var ofSystem = []goleak.Option{goleak.IgnoreTopFunction("github.com/Microsoft/go-winio.getQueuedCompletionStatus"), goleak.IgnoreAnyFunction("github.com/Microsoft/go-winio.ioCompletionProcessor")}

// TestGuardOfTheRealPipe reads back from the system who owns the pipe and whom it lets in.
func TestGuardOfTheRealPipe(t *testing.T) {
	path, _ := serve(t, map[string]Verb{"echo": {Do: echo}})
	c, err := dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h, err := handleOf(c)
	if err != nil {
		t.Fatal(err)
	}
	sd, err := windows.GetSecurityInfo(h, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION|windows.LABEL_SECURITY_INFORMATION)
	if err != nil {
		t.Fatal(err)
	}
	sid, err := self()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(sd.String(), ";FA;", ";GA;")                                          // "everything" is written in terms of a file
	label := strings.Contains(got, "(ML;;NWNRNX;;;ME)") || strings.Contains(got, "(;;CCDCLC;;;ME)") // so writes Wine, bit by bit
	if !strings.HasPrefix(got, "O:"+sid+"D:P(D;;GA;;;NU)(A;;GA;;;"+sid+")S:") || !label {
		t.Errorf("the pipe's guard is %s, and this account %s", got, sid)
	}
}

// TestForeignPipeIsNotSpokenTo: a pipe of our name that another account made gets no request.
func TestForeignPipeIsNotSpokenTo(t *testing.T) {
	path := filepath.Join(folder(t), "control.sock")
	_, name, err := pipeOf(path)
	if err != nil {
		t.Fatal(err)
	}
	const open = "O:BAG:BAD:(A;;GA;;;WD)" // the administrators' and for everybody: only an administrator's test can make one
	l, err := winio.ListenPipe(name, &winio.PipeConfig{SecurityDescriptor: open})
	if err != nil {
		t.Fatal(err)
	}
	if l, err = settled(l, name); err != nil {
		t.Fatal(err)
	}
	heard := make(chan int, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		n, _ := c.Read(make([]byte, 100))
		heard <- n
		_ = c.Close()
	}()
	if err := Call(t.Context(), path, "pause", nil, nil); !errors.Is(err, ErrDenied) {
		t.Errorf("a call to a foreign pipe: %v", err)
	}
	if n := <-heard; n != 0 {
		t.Errorf("the foreign pipe was told %d bytes", n)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestNobodyListensOnThePipe: without an agent there is no pipe, and the error names the remedy.
func TestNobodyListensOnThePipe(t *testing.T) {
	if err := Call(context.Background(), filepath.Join(folder(t), "control.sock"), "status", nil, nil); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("no pipe: %v", err)
	}
}
