//go:build byleave_wine

package wine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Prefix is a Windows computer of its own, as far as Wine is one. Make one with Open and end it with Close.
type Prefix struct {
	dir  string
	env  []string
	open io.Closer // input of a program that runs all the time: without one Wine ends all services
}

// stub is a library of Windows that the Wine of Debian 12 lacks and every Go program asks for. It lies in the prefix alone.
const stub = `#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *p, SIZE_T n){ return SystemFunction036(p,(ULONG)n); }
`

// calm keeps Go from suspending threads to share out time: in Wine a suspended thread may never come back.
const calm = "GODEBUG=asyncpreemptoff=1"

// Open makes a prefix in dir. Nothing of the person who runs the test is seen in it.
func Open(ctx context.Context, dir string) (*Prefix, error) {
	p := &Prefix{dir: dir}
	p.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(dir, "home"), "WINEPREFIX=" + filepath.Join(dir, "prefix"), "WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml=;winemenubuilder.exe=d", "LANG=C.UTF-8", calm,
	}
	if err := os.MkdirAll(filepath.Join(dir, "home"), 0o700); err != nil {
		return nil, fmt.Errorf("wine: %w", err)
	}
	if _, err := p.Wine(ctx, "wineboot", "-i"); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	variable, value, _ := strings.Cut(calm, "=")
	if _, err := p.Wine(ctx, "reg", "add", `HKLM\System\CurrentControlSet\Control\Session Manager\Environment`, "/v", variable, "/d", value, "/f"); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	// Wine ends its services when nothing else runs. Whoever comes in the middle of that gets a second service manager.
	if err := errors.Join(p.Close(), p.complete(ctx), p.stayUp()); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// stayUp starts a shell that waits until the end.
func (p *Prefix) stayUp() error {
	cmd := p.command(context.Background(), "cmd.exe")
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("wine: %w", err)
	}
	p.open = in
	return p.start(cmd)
}

// Start starts a Windows program that Close ends.
func (p *Prefix) Start(args ...string) error {
	return p.start(p.command(context.Background(), args...))
}

func (p *Prefix) start(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("wine: %w", err)
	}
	go func() { _ = cmd.Wait() }()
	return nil
}

func (p *Prefix) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "wine", args...)
	cmd.Env, cmd.Dir = p.env, filepath.Join(p.dir, "home")
	return cmd
}

// complete puts into the prefix what Wine lacks.
func (p *Prefix) complete(ctx context.Context) error {
	source := filepath.Join(p.dir, "stub.c")
	if err := os.WriteFile(source, []byte(stub), 0o600); err != nil {
		return fmt.Errorf("wine: %w", err)
	}
	out, err := exec.CommandContext(ctx, "x86_64-w64-mingw32-gcc", "-shared", "-o", p.Path(`windows/system32/bcryptprimitives.dll`), source, "-ladvapi32").CombinedOutput()
	if err != nil {
		return fmt.Errorf("wine: build the stub: %w: %s", err, out)
	}
	return nil
}

// Path is where a path of drive C lies.
func (p *Prefix) Path(path string) string {
	return filepath.Join(p.dir, "prefix", "drive_c", filepath.FromSlash(path))
}

// wineLimit is how long one program may take: one that hangs must not hold the machine.
const wineLimit = time.Minute

// Wine runs a Windows program and returns what it printed. An error holds what it said of it. Both go through files: what Wine
// starts beside the program keeps its output open for longer than that.
func (p *Prefix) Wine(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, wineLimit)
	defer cancel()
	out, err := os.CreateTemp(p.dir, "out")
	if err != nil {
		return "", fmt.Errorf("wine: %w", err)
	}
	defer out.Close()
	words, err := os.CreateTemp(p.dir, "words")
	if err != nil {
		return "", fmt.Errorf("wine: %w", err)
	}
	defer words.Close()
	cmd := p.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = out, words
	failed := cmd.Run()
	printed, err := os.ReadFile(out.Name())
	if err != nil {
		return "", fmt.Errorf("wine: %w", err)
	}
	if failed != nil {
		said, err := os.ReadFile(words.Name())
		failed = errors.Join(fmt.Errorf("%s: %w: %s", strings.Join(args, " "), failed, bytes.TrimSpace(said)), err)
	}
	return strings.ReplaceAll(string(printed), "\r", ""), failed
}

// Processes are those of this prefix whose command line holds words one after the other.
func (p *Prefix) Processes(words ...string) (pids []int) {
	mine := []byte("WINEPREFIX=" + filepath.Join(p.dir, "prefix") + "\x00")
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil
	}
	for _, line := range lines {
		cmd, err := os.ReadFile(line)
		if err != nil || !strings.Contains(string(cmd), strings.Join(words, "\x00")) {
			continue
		}
		env, err := os.ReadFile(filepath.Join(filepath.Dir(line), "environ"))
		if err != nil || !bytes.Contains(env, mine) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(line))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Close ends every process of the prefix and waits for that.
func (p *Prefix) Close() error {
	if p.open != nil {
		_ = p.open.Close()
	}
	for _, flag := range []string{"-k", "-w"} {
		ctx, cancel := context.WithTimeout(context.Background(), wineLimit)
		cmd := exec.CommandContext(ctx, "wineserver", flag)
		cmd.Env = p.env
		err := cmd.Run()
		cancel()
		if err != nil && flag == "-w" {
			return fmt.Errorf("wine: end the prefix: %w", err)
		}
	}
	return nil
}
