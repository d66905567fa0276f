//go:build amd64 || arm64

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"unsafe"

	"github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
)

// environment is all that this program and the library see of it: one thread, one arena of memory, a small heap.
var environment = []string{"OMP_THREAD_LIMIT=1", "MALLOC_ARENA_MAX=1", "GOMAXPROCS=1", "GOMEMLIMIT=24MiB", "GOTRACEBACK=none", "LC_ALL=C"}

// Limits of memory, in bytes.
const (
	mostStack = 1 << 20
	mostData  = 112 << 20 // that this process alone can write to
	mostMore  = 96 << 20  // addresses on top of what it has when it begins to read
)

// confined tells whether the first step was taken: the environment is ours and no program can give more rights.
func confined() bool {
	privileges, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	return err == nil && privileges == 1 && slices.Equal(os.Environ(), environment)
}

// confine takes the first step and starts this program again, so that all its threads and the library begin within. It returns
// only if that fails. This thread alone is confined until then: it becomes the new program.
func confine() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	if err := stepBack(); err != nil {
		return err
	}
	for what, most := range map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_STACK: mostStack, unix.RLIMIT_NOFILE: 64} {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit itself: %w", err)
		}
	}
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close what it was given: %w", err)
	}
	if err := landlock(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find itself: %w", err)
	}
	return fmt.Errorf("start itself again: %w", unix.Exec(self, []string{"byleave-ocr"}, environment))
}

// niceness is how far it stands back: whatever the person does goes first.
const niceness = 5

// stepBack lets other programs go first. Who started it may have asked for more.
func stepBack() error {
	now, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err == nil && 20-now < niceness { // the kernel counts from 40 down to 1
		err = unix.Setpriority(unix.PRIO_PROCESS, 0, niceness)
	}
	if err != nil {
		return fmt.Errorf("let others go first: %w", err)
	}
	return nil
}

// What Landlock forbids, by the version of it from which a kernel knows it.
const (
	writes = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM
	tcp    = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	scopes = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
)

// landlock forbids every change of the file system, TCP, and reaching other processes, as far as the kernel can. It is a second
// wall behind seccomp: a kernel without it is no reason not to read.
func landlock() error {
	version, _, _ := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if int(version) < 1 {
		return nil
	}
	rules := unix.LandlockRulesetAttr{Handled_access_fs: writes}
	size := unsafe.Sizeof(rules.Handled_access_fs)
	if version >= 2 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		rules.Handled_access_net, size = tcp, size+unsafe.Sizeof(rules.Handled_access_net)
	}
	if version >= 6 {
		rules.Scoped, size = scopes, size+unsafe.Sizeof(rules.Scoped)
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), size, 0)
	if errno != 0 {
		return fmt.Errorf("ask for Landlock: %w", errno)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return fmt.Errorf("enter Landlock: %w", errno)
	}
	return unix.Close(int(fd))
}

// lock takes the second step, for all threads: what it was given stays open, and nothing can be opened, sent or started.
func lock() error {
	if err := unix.SetNonblock(0, false); err != nil {
		return fmt.Errorf("wait for lines: %w", err)
	}
	if err := silence(); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid memory dumps: %w", err)
	}
	size, err := addresses()
	if err != nil {
		return err
	}
	for what, most := range map[int]uint64{unix.RLIMIT_DATA: mostData, unix.RLIMIT_AS: size + mostMore} {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit its memory: %w", err)
		}
	}
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: allowed()})
}

// silence makes standard error lead nowhere: what a library says while it reads may be of what it reads.
func silence() error {
	null, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0) // writing to it fails, which is as good
	if err != nil {
		return fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	if err := unix.Dup3(null, 2, 0); err != nil {
		return fmt.Errorf("close standard error: %w", err)
	}
	return unix.Close(null)
}

// addresses is how many bytes of addresses the process has.
func addresses() (uint64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("ask for its size: %w", err)
	}
	var pages uint64
	if _, err := fmt.Sscan(strings.Fields(string(b))[0], &pages); err != nil {
		return 0, fmt.Errorf("ask for its size: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}

// allowed are the calls of the kernel that remain: to read and write what is open, memory that holds no code, threads, time, the end.
// Everything else fails.
func allowed() seccomp.Policy {
	here := uint64(os.Getpid())
	when := func(name string, c ...seccomp.Condition) seccomp.NameWithConditions {
		return seccomp.NameWithConditions{Name: name, Conditions: c}
	}
	noCode := seccomp.Condition{Argument: 2, Operation: seccomp.BitsNotSet, Value: unix.PROT_EXEC}
	return seccomp.Policy{DefaultAction: seccomp.ActionErrno, Syscalls: []seccomp.SyscallGroup{
		{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}}, // so that clone is used, whose flags can be seen
		{Action: seccomp.ActionAllow, Names: []string{
			"read", "write", "pread64", "close",
			"munmap", "mremap", "madvise", "brk",
			"epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2", // the timers of Go
			"futex", "nanosleep", "clock_nanosleep", "clock_gettime", "gettimeofday", "sched_yield", "sched_getaffinity",
			"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
			"getpid", "gettid", "set_robust_list", "rseq", "getrandom", "exit", "exit_group",
		}, NamesWithCondtions: []seccomp.NameWithConditions{
			when("mmap", noCode), when("mprotect", noCode),
			when("clone", seccomp.Condition{Argument: 0, Operation: seccomp.BitsSet, Value: unix.CLONE_THREAD}),
			when("tgkill", seccomp.Condition{Argument: 0, Operation: seccomp.Equal, Value: here}),
			when("prctl", seccomp.Condition{Argument: 0, Operation: seccomp.Equal, Value: unix.PR_SET_VMA}),
		}},
	}}
}
