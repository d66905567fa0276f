//go:build amd64 || arm64

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/byleave/byleave/agent/internal/capture/ocr/talk"
	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// The test starts itself as a program that gives up what byleave-ocr gives up, by the same functions, and then tries what must
// fail. attacker is the name under which it does so.
const (
	attacker   = "attacker"
	unitMember = "unit-member"
)

func TestMain(m *testing.M) {
	switch {
	case os.Args[0] == attacker:
		fmt.Println(confine())
		os.Exit(1)
	case os.Args[0] == unitMember:
		fmt.Println(asInTheUnit(os.Args[1], os.Args[2:]))
		os.Exit(1)
	case os.Args[0] == "byleave-ocr" && confined():
		attack()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// deed is something that byleave-ocr must not be able to do.
type deed struct {
	name string
	do   func() error
}

// before are forbidden from the first step on, where the kernel has Landlock.
var before = []deed{
	{"make a file", func() error { return open("/tmp/byleave-ocr-attack", unix.O_CREAT|unix.O_WRONLY) }},
	{"write to a file", func() error { return open(os.DevNull, unix.O_WRONLY) }},
	{"make a folder", func() error { return unix.Mkdir("/tmp/byleave-ocr-folder", 0o700) }},
	{"remove a file", func() error { return unix.Unlink("/tmp/byleave-ocr-attack") }},
	{"connect by TCP", func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}})
		if err == unix.ECONNREFUSED {
			return nil // it was let out, nobody was there
		}
		return err
	}},
}

// after are forbidden before the first line is read.
var after = append([]deed{
	{"make a socket", func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); return err }},
	{"make a local socket", func() error { _, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
	{"make a pair of sockets", func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
	{"read a file", func() error { return open("/etc/passwd", unix.O_RDONLY) }},
	{"see its own memory", func() error { return open("/proc/self/mem", unix.O_RDWR) }},
	{"start a program", func() error { return unix.Exec("/bin/true", []string{"true"}, nil) }},
	{"fork", func() error {
		pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if errno == 0 && pid == 0 {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
		return failure(errno)
	}},
	{"fork by clone3", func() error {
		args := [11]uint64{4: uint64(unix.SIGCHLD)}
		pid, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
		if errno == 0 && pid == 0 {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
		return failure(errno)
	}},
	{"kill another process", func() error { return unix.Kill(os.Getppid(), 0) }},
	{"look into another process", func() error { return unix.PtraceAttach(os.Getppid()) }},
	{"make memory that runs", func() error {
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
		return err
	}},
	{"make memory run", func() error {
		b, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			return nil // that should have worked
		}
		return unix.Mprotect(b, unix.PROT_READ|unix.PROT_EXEC)
	}},
	{"share memory", func() error { _, err := unix.MemfdCreate("x", 0); return err }},
	{"lift its limits", func() error {
		return unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
	}},
	{"take much memory", func() error {
		_, err := unix.Mmap(-1, 0, mostData, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		return err
	}},
	{"use a ring of calls", func() error {
		var params [120]byte
		_, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&params)), 0)
		return failure(errno)
	}},
}, before...)

func failure(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

func open(path string, how int) error {
	fd, err := unix.Open(path, how|unix.O_CLOEXEC, 0o600)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

// attack tries everything and says on standard output what came of it.
func attack() {
	tell := func(when string, deeds []deed) {
		for _, d := range deeds {
			_, _ = fmt.Fprintf(pipe{}, "%s %s: %v\n", when, d.name, d.do())
		}
	}
	tell("before", before)
	_, state := load()
	_, _ = fmt.Fprintf(pipe{}, "load: %s\n", state)
	_, _ = fmt.Fprintf(pipe{}, "lock: %v\n", lock())
	done := make(chan struct{})
	go func() { // a thread of its own: every thread is bound
		tell("after", after)
		close(done)
	}()
	<-done
	_, _ = fmt.Fprintf(os.Stderr, "this is not to be seen\n")
	_, _ = fmt.Fprintf(pipe{}, "end\n")
}

// TestConfined: what byleave-ocr gives up cannot be had back, from any thread; the same deeds work for whoever gave up nothing.
func TestConfined(t *testing.T) {
	var out, complaint bytes.Buffer
	cmd := &exec.Cmd{Path: itself(t), Args: []string{attacker}, Env: []string{"BYLEAVE_SECRET=1"}, Stdout: &out, Stderr: &complaint}
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), complaint.String())
	}
	said := map[string]string{}
	for _, l := range strings.Split(out.String(), "\n") {
		name, what, _ := strings.Cut(l, ": ")
		said[name] = what
	}
	if said["load"] != talk.Ready.String() || said["lock"] != "<nil>" || !strings.Contains(out.String(), "\nend\n") || complaint.Len() > 0 {
		t.Fatalf("it did not come to it: %s%s", out.String(), complaint.String())
	}
	if version, _, _ := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION); int(version) >= 4 {
		for _, d := range before {
			if what := said["before "+d.name]; what == "<nil>" || what == "" {
				t.Errorf("it can %s while it loads: %s", d.name, what)
			}
		}
	}
	for _, d := range after {
		if what := said["after "+d.name]; what == "<nil>" || what == "" {
			t.Errorf("it can %s: %s", d.name, what)
		}
	}
	for _, d := range before {
		if err := d.do(); err != nil {
			t.Errorf("the test cannot tell: nobody can %s: %v", d.name, err)
		}
	}
	if err := unix.Rmdir("/tmp/byleave-ocr-folder"); err != nil {
		t.Error(err)
	}
}

// TestEveryCallIsKnown: the list of calls can be kept on both machines that there is a program for.
func TestEveryCallIsKnown(t *testing.T) {
	for _, a := range []*arch.Info{arch.X86_64, arch.AARCH64} {
		for _, g := range allowed().Syscalls {
			names := g.Names
			for _, n := range g.NamesWithCondtions {
				names = append(names, n.Name)
			}
			for _, n := range names {
				if _, ok := a.SyscallNames[n]; !ok {
					t.Errorf("%s has no call %s", a.Name, n)
				}
			}
		}
	}
}

// TestGarbage: the real program takes nonsense for its end, keeps quiet about it, and writes nowhere.
func TestGarbage(t *testing.T) {
	program := built(t)
	dir := filepath.Dir(program)
	hello := []byte("\x05\x00\x00\x00BYL1\x01")
	for name, in := range map[string]string{
		"text": "secret-4111 secret-4111 secret-4111", "four gigabytes": "\xff\xff\xff\xff", "one byte too many": "\x09\x00\x10\x00" + strings.Repeat("x", 1<<20+9),
		"a picture of 65535x65535": "\x08\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff", "less than it says": "\x09\x00\x00\x00\x01\x00\x00\x00\x02\x00\x02\x00x",
		"nothing": "\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00", "an early end": "\xff\x00\x00\x00abc", "an empty frame": "\x00\x00\x00\x00",
	} {
		cmd := exec.Command(program)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(in)
		var out, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaint
		cmd.WaitDelay = time.Minute
		err := cmd.Run()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || !bytes.Equal(out.Bytes(), hello) || complaint.Len() > 0 {
			t.Errorf("%s: it ended with %v and said %q, %q", name, err, out.Bytes(), complaint.String())
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("it left %v, %v", files, err)
	}
	help, err := exec.Command(program, "--help").CombinedOutput()
	if err == nil || !strings.Contains(string(help), "byleave starts it") && !strings.Contains(string(help), "which starts it") {
		t.Errorf("asked for help it says %s", help)
	}
}

// built is the real program, in a folder of its own.
func built(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "byleave-ocr")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// TestInsideOfTheUnit: the agent's unit leaves byleave-ocr the calls with which it confines itself. The control: systemd's own list
// does not.
func TestInsideOfTheUnit(t *testing.T) {
	unit, err := os.ReadFile("../../installer/service/service_linux.go")
	if err != nil {
		t.Fatal(err)
	}
	_, filter, ok := strings.Cut(string(unit), "\nSystemCallFilter=")
	filter, _, _ = strings.Cut(filter, "\n")
	if !ok || !strings.HasPrefix(filter, "@system-service ") {
		t.Fatalf("the unit's filter is %q", filter)
	}
	program := built(t)
	for _, c := range []struct {
		filter string
		want   talk.State
	}{{filter, talk.Ready}, {"@system-service", talk.NoSandbox}} {
		cmd := &exec.Cmd{Path: itself(t), Args: append([]string{unitMember, program}, calls(t, c.filter)...), Stdin: strings.NewReader("")}
		out, _ := cmd.Output() // it ends with 1 where it does not read
		if state, err := talk.ReadGreeting(bytes.NewReader(out)); state != c.want {
			t.Errorf("inside of %q it says %q, %v: %s", c.filter, state, err, out)
		}
	}
}

// calls are what a filter of systemd lets pass.
func calls(t *testing.T, filter string) (names []string) {
	t.Helper()
	for _, f := range strings.Fields(filter) {
		if !strings.HasPrefix(f, "@") {
			names = append(names, f)
			continue
		}
		out, err := exec.Command("systemd-analyze", "syscall-filter", "--no-pager", f).Output()
		if err != nil {
			t.Fatalf("systemd-analyze: %v", err)
		}
		for _, l := range strings.Split(string(out), "\n")[1:] {
			if l = strings.TrimSpace(l); strings.HasPrefix(l, "@") {
				names = append(names, calls(t, l)...)
			} else if l != "" && !strings.HasPrefix(l, "#") {
				names = append(names, l)
			}
		}
	}
	return names
}

// asInTheUnit starts a program with the filters of systemd: these calls, and no memory that is both written to and run.
func asInTheUnit(program string, names []string) error {
	here, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	var known []string
	for _, n := range names {
		if _, ok := here.SyscallNames[n]; ok && !slices.Contains(known, n) && n != "mmap" && n != "mprotect" {
			known = append(known, n)
		}
	}
	bits := func(op seccomp.Operation, v uint64) seccomp.Condition {
		return seccomp.Condition{Argument: 2, Operation: op, Value: v}
	}
	policy := seccomp.Policy{DefaultAction: seccomp.ActionErrno, Syscalls: []seccomp.SyscallGroup{{Action: seccomp.ActionAllow, Names: known,
		NamesWithCondtions: []seccomp.NameWithConditions{
			{Name: "mprotect", Conditions: seccomp.ArgumentConditions{bits(seccomp.BitsNotSet, unix.PROT_EXEC)}},
			{Name: "mmap", Conditions: seccomp.ArgumentConditions{bits(seccomp.BitsNotSet, unix.PROT_EXEC)}},
			{Name: "mmap", Conditions: seccomp.ArgumentConditions{bits(seccomp.BitsNotSet, unix.PROT_WRITE)}},
		}}}}
	if err := seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: policy}); err != nil {
		return err
	}
	return unix.Exec(program, []string{"byleave-ocr"}, nil)
}
