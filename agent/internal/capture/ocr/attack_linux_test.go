package ocr

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const greets = `printf '\005\000\000\000BYL1\001'` + "\n"

// script makes a program that is not ours but lies where ours should.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "byleave-ocr")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNonsense: whatever the process says instead of an answer, nothing was read, the process is gone, and it rests.
func TestNonsense(t *testing.T) {
	l := line(t, "Open", 14, color.Black, color.White)
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"silent":                {"exit 0\n", ErrFailed},
		"greets with nonsense":  {"printf 'hello there'\ncat >/dev/null\n", ErrFailed},
		"greets without end":    {"yes 'AAAA'\n", ErrFailed},
		"an older protocol":     {`printf '\005\000\000\000BYL0\001'` + "\ncat >/dev/null\n", ErrFailed},
		"a state not known":     {`printf '\005\000\000\000BYL1\011'` + "\ncat >/dev/null\n", ErrFailed},
		"no library":            {`printf '\005\000\000\000BYL1\002'` + "\n", ErrAbsent},
		"dies on the line":      {greets + "head -c 20 >/dev/null\n", ErrFailed},
		"four gigabytes":        {greets + `printf '\377\377\377\377'` + "\ncat /dev/zero\n", ErrFailed},
		"an empty frame":        {greets + "head -c 20 >/dev/null\n" + `printf '\000\000\000\000'` + "\ncat >/dev/null\n", ErrFailed},
		"half an answer":        {greets + "head -c 20 >/dev/null\n" + `printf '\013\000\000\000\001\000\000\000\350\003cl'` + "\n", ErrFailed},
		"another line's answer": {greets + "head -c 20 >/dev/null\n" + `printf '\013\000\000\000\002\000\000\000\350\003clean'` + "\ncat >/dev/null\n", ErrFailed},
		"unasked":               {greets + `printf '\013\000\000\000\002\000\000\000\350\003clean'` + "\ncat >/dev/null\n", ErrFailed},
		"surer than sure":       {greets + "head -c 20 >/dev/null\n" + `printf '\013\000\000\000\001\000\000\000\351\003clean'` + "\ncat >/dev/null\n", ErrFailed},
		"no characters":         {greets + "head -c 20 >/dev/null\n" + `printf '\013\000\000\000\001\000\000\000\350\003cl\377an'` + "\ncat >/dev/null\n", ErrFailed},
		"two lines":             {greets + "head -c 20 >/dev/null\n" + `printf '\013\000\000\000\001\000\000\000\350\003cl\nan'` + "\ncat >/dev/null\n", ErrFailed},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(script(t, c.body))
			defer r.Close()
			text, sure, err := r.Read(context.Background(), l)
			if text != "" || sure != 0 || !errors.Is(err, c.want) {
				t.Errorf("read %q, sure %.2f, %v; want %v", text, sure, err, c.want)
			}
			if r.child != nil {
				t.Error("the process is left")
			}
			if _, _, err := r.Read(context.Background(), l); !errors.Is(err, ErrRest) {
				t.Errorf("it is asked again at once: %v", err)
			}
			if r.State() == nil {
				t.Error("nobody is told why")
			}
		})
	}
	r := New(script(t, greets+"head -c 20 >/dev/null\n"+`printf '\013\000\000\000\001\000\000\000\350\003clean'`+"\ncat >/dev/null\n"))
	defer r.Close()
	if text, sure, err := r.Read(context.Background(), l); text != "clean" || sure != 1 || err != nil {
		t.Errorf("the right answer is not taken: %q, %.2f, %v", text, sure, err)
	}
}

// TestTwoAnswers: a second answer to one line is not the answer to the next.
func TestTwoAnswers(t *testing.T) {
	l := line(t, "Open", 14, color.Black, color.White)
	r := New(script(t, greets+"head -c 20 >/dev/null\n"+`printf '\013\000\000\000\001\000\000\000\350\003clean\013\000\000\000\002\000\000\000\350\003clean'`+"\ncat >/dev/null\n"))
	defer r.Close()
	if _, _, err := r.Read(context.Background(), l); err != nil {
		t.Fatal(err)
	}
	if text, _, err := r.Read(context.Background(), l); text != "" || !errors.Is(err, ErrFailed) {
		t.Errorf("read %q, %v", text, err)
	}
}

// TestRestGrows: a process that keeps failing is started less and less often.
func TestRestGrows(t *testing.T) {
	r := New(script(t, "exit 1\n"))
	defer r.Close()
	l, want := line(t, "Open", 14, color.Black, color.White), firstWait
	for i := range 12 {
		before := time.Now()
		if _, _, err := r.Read(context.Background(), l); !errors.Is(err, ErrFailed) {
			t.Fatalf("start %d: %v", i, err)
		}
		if least, most := time.Until(r.rest), r.rest.Sub(before); want < least || want > most { // it began to rest in between
			t.Errorf("after failure %d it rests between %v and %v, want %v", i+1, least, most, want)
		}
		want, r.rest = min(2*want, longestWait), time.Time{}
	}
}

// TestTrust: a program is started only if nobody else can have put it there.
func TestTrust(t *testing.T) {
	l := line(t, "Open", 14, color.Black, color.White)
	ran := filepath.Join(t.TempDir(), "ran")
	body := "echo x > " + ran + "\n" + greets + "cat >/dev/null\n"
	refused := map[string]func(path string) (string, error){
		"others may write":         func(p string) (string, error) { return p, os.Chmod(p, 0o757) },
		"a foreign group may":      func(p string) (string, error) { return p, errors.Join(os.Chown(p, -1, 12345), os.Chmod(p, 0o775)) },
		"others may replace it":    func(p string) (string, error) { return p, os.Chmod(filepath.Dir(p), 0o777) },
		"a link to it":             func(p string) (string, error) { return p + "-link", os.Symlink(p, p+"-link") },
		"a folder":                 func(p string) (string, error) { return filepath.Dir(p), nil },
		"not there":                func(p string) (string, error) { return p + "-absent", nil },
		"only a name, on the path": func(p string) (string, error) { return "byleave-ocr", os.Setenv("PATH", filepath.Dir(p)) },
	}
	if os.Getuid() == 0 {
		refused["somebody else's"] = func(p string) (string, error) { return p, os.Chown(p, 12345, 12345) }
	}
	t.Setenv("PATH", os.Getenv("PATH"))
	for name, change := range refused {
		path, err := change(script(t, body))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := New(path)
		if _, _, err := r.Read(context.Background(), l); !errors.Is(err, ErrAbsent) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(ran); err == nil {
			t.Errorf("%s: it was started", name)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if real, err := filepath.EvalSymlinks(self); err != nil || Beside() != filepath.Join(filepath.Dir(real), "byleave-ocr") {
		t.Errorf("it is looked for at %s", Beside())
	}
}

// TestStopped: a process that does not answer is killed when its time is over, and the next line has a new one.
func TestStopped(t *testing.T) {
	r, l := reader(), line(t, "Open the door", 16, color.Black, color.White)
	defer r.Close()
	read(t, r, l, "Open the door")
	p := pid(t, r)
	if err := unix.Kill(p, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	r.wait = 100 * time.Millisecond
	if text, _, err := r.Read(context.Background(), l); text != "" || !errors.Is(err, ErrFailed) {
		t.Errorf("read %q, %v", text, err)
	}
	if err := unix.Kill(p, 0); err != unix.ESRCH {
		t.Errorf("the process is left: %v", err)
	}
	r.rest, r.wait = time.Time{}, time.Minute
	read(t, r, l, "Open the door")
}

// TestKilled: a process that dies in the middle of a line has read nothing.
func TestKilled(t *testing.T) {
	r, l := reader(), line(t, "Open the door", 16, color.Black, color.White)
	defer r.Close()
	read(t, r, l, "Open the door")
	p := pid(t, r)
	if err := unix.Kill(p, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	big := image.NewGray(image.Rect(0, 0, 8192, 128)) // more than a pipe holds: it is being sent when the process dies
	end := make(chan error, 1)
	go func() {
		text, _, err := r.Read(context.Background(), big)
		if text != "" {
			err = fmt.Errorf("read %q", text)
		}
		end <- err
	}()
	waitForBytes(t, p)
	if err := unix.Kill(p, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-end; !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
}

// TestNotWanted: a caller who does not want to wait is let go at once, the process with it, and that is no failure.
func TestNotWanted(t *testing.T) {
	r, l := reader(), line(t, "Open the door", 16, color.Black, color.White)
	defer r.Close()
	read(t, r, l, "Open the door")
	p := pid(t, r)
	if err := unix.Kill(p, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() {
		_, _, err := r.Read(ctx, l)
		end <- err
	}()
	waitForBytes(t, p)
	cancel()
	if err := <-end; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := unix.Kill(p, 0); err != unix.ESRCH {
		t.Errorf("the process is left: %v", err)
	}
	read(t, r, l, "Open the door")
}

// TestStartIsNotLost: a process that has not greeted when a caller no longer wants to wait goes on starting, and reads for the next one; it is
// ended where nobody comes.
func TestStartIsNotLost(t *testing.T) {
	dir := t.TempDir()
	begun, may := filepath.Join(dir, "begun"), filepath.Join(dir, "may")
	r := New(script(t, "echo x > "+begun+"\nwhile ! [ -e "+may+" ]; do sleep .01; done\n"+greets+
		"head -c 20 >/dev/null\n"+`printf '\013\000\000\000\001\000\000\000\350\003clean'`+"\ncat >/dev/null\n"))
	defer r.Close()
	r.wait = time.Minute
	l := line(t, "Open", 14, color.Black, color.White)
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() {
		_, _, err := r.Read(ctx, l)
		end <- err
	}()
	for _, err := os.Stat(begun); err != nil; _, err = os.Stat(begun) { // ends with the test's own limit
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-end; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	p := pid(t, r)
	if err := os.WriteFile(may, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, _, err := r.Read(t.Context(), l); err != nil || text != "clean" || pid(t, r) != p {
		t.Errorf("read %q, %v", text, err)
	}
}

// TestIdleEnds: without lines there is no process.
func TestIdleEnds(t *testing.T) {
	r := reader()
	defer r.Close()
	r.idle = time.Millisecond
	read(t, r, line(t, "Open the door", 16, color.Black, color.White), "Open the door")
	for { // ends when the timer has acted, or with the test's own limit
		r.mu.Lock()
		gone := r.child == nil
		r.mu.Unlock()
		if gone {
			break
		}
		time.Sleep(time.Millisecond)
	}
	read(t, r, line(t, "Open the door", 16, color.Black, color.White), "Open the door")
}

// TestLinesThatAreNone: pictures out of all proportion are refused before anything is sent; the largest are read or not, and the
// process stays small and keeps no file.
func TestLinesThatAreNone(t *testing.T) {
	r := reader()
	defer r.Close()
	for _, l := range []*image.Gray{nil, {}, {Rect: image.Rect(0, 0, 1<<30, 1<<30)}, image.NewGray(image.Rect(0, 0, 8193, 10)), image.NewGray(image.Rect(0, 0, 10, 257)),
		{Pix: make([]byte, 99), Stride: 10, Rect: image.Rect(0, 0, 10, 10)}, {Pix: make([]byte, 100), Stride: 9, Rect: image.Rect(0, 0, 10, 10)}} {
		if _, _, err := r.Read(context.Background(), l); !errors.Is(err, ErrLine) {
			t.Errorf("%v: %v", l, err)
		}
	}
	if r.child != nil {
		t.Error("a process was started for nothing")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, size := range []image.Point{{8192, 128}, {4096, 256}, {1, 1}, {8192, 1}, {1, 256}} {
		for _, density := range []float64{.05, .5} {
			l := image.NewGray(image.Rectangle{Max: size})
			for i := range l.Pix {
				if rnd.Float64() < density {
					l.Pix[i] = 255
				}
			}
			if text, sure, err := r.Read(context.Background(), l); err != nil || sure > .5 && len(text) > 3 {
				t.Errorf("noise of %v reads as %q, sure %.2f, %v", size, text, sure, err)
			}
		}
	}
	p := pid(t, r)
	if kb := status(t, p, "VmHWM"); kb > 150<<10 {
		t.Errorf("it needed %d kB", kb)
	} else {
		t.Logf("it needed %d kB", kb)
	}
	harmless(t, p)
}

// harmless sees to it that the process is confined and has nothing open that it could write to but the answers.
func harmless(t *testing.T, p int) {
	t.Helper()
	if status(t, p, "Seccomp") != 2 || status(t, p, "NoNewPrivs") != 1 {
		t.Error("it is not confined")
	}
	var limit unix.Rlimit
	for what, most := range map[int]uint64{unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0, unix.RLIMIT_DATA: 150 << 20, unix.RLIMIT_AS: 2 << 30} {
		if err := unix.Prlimit(p, what, nil, &limit); err != nil || limit.Max > most {
			t.Errorf("limit %d is %d, %v", what, limit.Max, err)
		}
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", p, f.Name()))
		info, err2 := os.Lstat(fmt.Sprintf("/proc/%d/fd/%s", p, f.Name()))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if !strings.HasPrefix(to, "pipe:") && !strings.HasPrefix(to, "anon_inode:") && info.Mode().Perm()&0o200 != 0 {
			t.Errorf("it can write to %s", to)
		}
	}
}

// reader is a reader with time: this machine may be busy, and how long a line takes is not what is asked here.
func reader() *Reader {
	r := New(program)
	r.wait = time.Minute
	return r
}

func read(t *testing.T, r *Reader, l *image.Gray, want string) {
	t.Helper()
	if text, _, err := r.Read(context.Background(), l); err != nil || text != want {
		t.Fatalf("read %q, %v", text, err)
	}
}

// pid is the process that reads.
func pid(t *testing.T, r *Reader) int {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.child == nil {
		t.Fatal("there is no process")
	}
	return r.child.cmd.Process.Pid
}

// waitForBytes waits until a stopped process has something to read.
func waitForBytes(t *testing.T, p int) {
	t.Helper()
	f, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/0", p), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err == nil {
			return
		} else if err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

// status is a number of a process's status.
func status(t *testing.T, p int, name string) (n int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(string(b), "\n") {
		if v, ok := strings.CutPrefix(l, name+":"); ok {
			if _, err := fmt.Sscan(v, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s", name)
	return 0
}
