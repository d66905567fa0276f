package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/byleave/byleave/proto/envelope/seal"
)

// cost is what some processes used meanwhile.
type cost struct {
	took, cpu time.Duration
	wakes     int64   // voluntary switches of all threads
	memory    int64   // the median of each second's, or of the end where nobody looked meanwhile
	peak      int64   // the most of them
	written   int64   // bytes that went to a disk
	joules    float64 // of the whole processor; 0: this machine does not tell
}

// measure is what the processes and all that they started use while f runs.
func measure(ctx context.Context, t *testing.T, pids []int, f func()) cost {
	t.Helper()
	from, energy, began := sum(t, pids), joules(), time.Now()
	memory := watch(pids)
	f()
	seen := memory()
	c := sum(t, pids)
	if len(seen) > 0 && len(pids) == 1 {
		slices.Sort(seen)
		c.memory, c.peak = seen[len(seen)/2], seen[len(seen)-1]
	}
	c.took, c.cpu, c.wakes, c.written, c.joules = time.Since(began), c.cpu-from.cpu, c.wakes-from.wakes, c.written-from.written, joules()-energy
	if ctx.Err() != nil {
		t.Fatal(ctx.Err())
	}
	return c
}

// watch looks at the memory of the first process each second until it is asked.
func watch(pids []int) (seen func() []int64) {
	var all []int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pids[0])); err == nil {
				all = append(all, 1024*number(string(status), "VmRSS:"))
			}
		}
	}()
	return func() []int64 { close(stop); <-done; return all }
}

// sum is what the processes have used since their start.
func sum(t *testing.T, pids []int) (c cost) {
	t.Helper()
	all := family(t, pids)
	for _, pid := range all {
		var now unix.Timespec
		check(t, unix.ClockGettime(int32(^pid<<3|2), &now)) // CPUCLOCK_SCHED of the process, exact to the nanosecond, see clock_getcpuclockid(3)
		c.cpu += time.Duration(now.Nano())
		u, err := use(pid)
		check(t, err)
		c.wakes += u.switches
		if len(all) == 1 {
			c.memory = u.rss
		} else {
			c.memory += 1024 * number(read(t, fmt.Sprintf("/proc/%d/smaps_rollup", pid)), "Pss:")
		}
		c.written += number(read(t, fmt.Sprintf("/proc/%d/io", pid)), "write_bytes:")
	}
	return c
}

// family are the processes and all that descend from them.
func family(t *testing.T, pids []int) []int {
	t.Helper()
	children := map[int][]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	check(t, err)
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		parent, err := strconv.Atoi(fields[1])
		check(t, err)
		pid, err := strconv.Atoi(strings.Split(file, "/")[2])
		check(t, err)
		if fields[0] != "Z" {
			children[parent] = append(children[parent], pid)
		}
	}
	var all []int
	for len(pids) > 0 {
		pid := pids[0]
		all = append(all, pid)
		pids = append(pids[1:], children[pid]...)
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	check(t, err)
	return string(b)
}

// joules is what the processor has used since some moment, as it tells itself.
func joules() float64 {
	b, err := os.ReadFile("/sys/class/powercap/intel-rapl:0/energy_uj")
	if err != nil {
		return 0
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64)
	if err != nil {
		return 0
	}
	return n / 1e6
}

// sealing are keys of nobody, to seal with what is only weighed.
func sealing(t *testing.T) seal.Params {
	t.Helper()
	key := func() hpke.PublicKey {
		k, err := hpke.MLKEM768X25519().GenerateKey()
		check(t, err)
		return k.PublicKey()
	}
	_, sign, err := ed25519.GenerateKey(nil)
	check(t, err)
	return seal.Params{Purpose: "bench", Sequence: 1, Custodians: []hpke.PublicKey{key()}, Vault: key(), Person: key(), Sign: sign}
}
