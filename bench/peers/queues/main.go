// Command queues measures how fast others make messages durable before they acknowledge them: JetStream, embedded, with SyncAlways, and the
// persistent queue of an OpenTelemetry exporter with fsync. Both run in this process, without a network, TLS or signatures, which is in their
// favour. It prints JSON: for each, MB/s and CPU per GB of large messages, and small ones per second.
package main

import (
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// queue takes a message and returns once it is durable. It may be called at once from many goroutines.
type queue func(message []byte) error

// peer opens its queue in an empty folder.
type peer struct {
	name string
	open func(dir string) (queue, func() error, error)
}

var peers = []peer{{"JetStream, SyncAlways", openJetStream}, {"OTel persistent queue, fsync", openOTel}}

// result is what one peer reached.
type result struct {
	MBs   float64 `json:"mb_s"`
	CPUGB float64 `json:"cpu_s_gb"`
	Small float64 `json:"small_s"`
}

func main() {
	dir := flag.String("dir", "", "an empty folder on the disk that is measured")
	large := flag.Int("large", 256<<10, "bytes of a large message")
	small := flag.Int("small", 12<<10, "bytes of a small message")
	writers := flag.Int("writers", 64, "how many wait for an answer at once")
	long := flag.Duration("for", 5*time.Second, "how long each is measured")
	flag.Parse()
	all := map[string]result{}
	for i, p := range peers {
		var r result
		var err error
		if r.MBs, r.CPUGB, err = measure(p, fmt.Sprintf("%s/%d-large", *dir, i), *large, *writers, *long); err == nil {
			var mb float64
			mb, _, err = measure(p, fmt.Sprintf("%s/%d-small", *dir, i), *small, *writers, *long)
			r.Small = mb * 1e6 / float64(*small)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "queues: %s: %v\n", p.name, err)
			os.Exit(1)
		}
		all[p.name] = r
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		fmt.Fprintln(os.Stderr, "queues:", err)
		os.Exit(1)
	}
}

// measure has writers send messages for a while, and returns MB/s and CPU seconds per GB.
func measure(p peer, dir string, size, writers int, long time.Duration) (mbs, cpuGB float64, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	put, end, err := p.open(dir)
	if err != nil {
		return 0, 0, err
	}
	var done atomic.Int64
	var first atomic.Value
	var wg sync.WaitGroup
	began, cpu := time.Now(), ownCPU()
	for range writers {
		wg.Go(func() {
			message := make([]byte, size)
			for time.Since(began) < long {
				rand.Read(message[:64])
				if err := put(message); err != nil {
					first.CompareAndSwap(nil, err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	took, spent := time.Since(began).Seconds(), (ownCPU() - cpu).Seconds()
	err = end()
	if e, ok := first.Load().(error); ok {
		err = e
	}
	gb := float64(done.Load()) * float64(size) / 1e9
	return gb * 1000 / took, spent / gb, err
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
