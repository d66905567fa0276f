package ingest

import (
	"context"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/collector"
	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/proto/pb"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
)

const (
	senders = 8
	large   = 256<<10 - 1<<10 // a payload that fills the bucket of 256 KiB

	inFlight = 4 // boxes whose answers are measured
)

// scale is how much is sent: for the record, or briefly to prove that it measures.
type scale struct {
	large, small, acks, idle, warm int
	raw                            int64
	quiet                          time.Duration // until a collector has given back what work needed
	out                            string
}

func sizes(t *testing.T) scale {
	if os.Getenv("BYLEAVE_BENCH") != "" {
		return scale{large: 4096, small: 40_000, acks: 1000, idle: 2000, warm: 6000, raw: 2 << 30, quiet: 45 * time.Second, out: "../../bench/out"}
	}
	return scale{large: 32, small: 64, acks: 16, idle: 16, warm: 16, raw: 16 << 20, out: t.TempDir()}
}

// arms are what TestIngest measures; BYLEAVE_ARMS names some of them, with commas between. Without it all are measured.
func arms() func(name string) bool {
	names := os.Getenv("BYLEAVE_ARMS")
	return func(name string) bool { return names == "" || slices.Contains(strings.Split(names, ","), name) }
}

// TestIngest measures everything in one run, so that the figures share the machine's mood.
func TestIngest(t *testing.T) {
	n, disk, on := sizes(t), t.TempDir(), arms()
	c := startCollector(t)
	devices := c.devices(senders)
	var figures []report.Figure
	if on("large") {
		figures = append(figures, c.largest(n, disk, devices)...)
	}
	if on("small") {
		figures = append(figures, c.smallest(n, devices)...)
	}
	if on("queues") {
		others(t, disk, len(devices[0].boxes(t, 1, large)[0]), len(devices[0].boxes(t, 1, 1)[0]), figures)
	}
	if on("acks") {
		figures = append(figures, c.answers(n, disk, devices[0]))
	}
	if on("idle") {
		opened, used := c.idle(n)
		figures = append(figures,
			report.Figure{What: "memory per idle mTLS stream", Value: opened / 1024, Unit: "KB", Goal: 48, Better: report.Lower},
			report.Figure{What: "memory per idle mTLS stream that has sent a box", Value: used / 1024, Unit: "KB", Goal: 48, Better: report.Lower})
	}
	must(t, report.Write(os.Stdout, n.out, "ingest", figures))
}

// What figures are called beside which other queues stand.
const (
	whatLarge = "durable ingest, 256 KiB batches"
	whatCost  = "CPU per GB, client and server"
	whatSmall = "durable ingest, smallest box"
)

// largest is the load of large boxes, beside the plain arms.
func (c *server) largest(n scale, disk string, devices []*device) []report.Figure {
	t := c.t
	t.Helper()
	tcp, overTLS := rawNet(t, nil, n.raw), rawNet(t, selfSigned(t), n.raw)
	before := rawDisk(t, disk, 16<<20, n.raw, 0)
	big := c.load(devices, n.large, large)
	after := rawDisk(t, disk, 16<<20, n.raw, 0)
	rate, perGB := map[string]float64{}, map[string]float64{}
	for name, a := range map[string]arm{"raw TCP": tcp, "raw TLS": overTLS, "disk, 16 MiB syncs, before": before,
		"disk, 16 MiB syncs, after": after, "disk, 256 KiB syncs": rawDisk(t, disk, 256<<10, n.raw/4, 0),
		"disk, 16 MiB syncs, past the page cache": rawDisk(t, disk, 16<<20, n.raw, unix.O_DIRECT)} {
		rate[name], perGB[name] = a.rate, a.perGB
	}
	return []report.Figure{
		{What: whatLarge, Value: big.rate, Unit: "MB/s", Goal: 0.9 * (before.rate + after.rate) / 2, Better: report.Higher, Peers: rate},
		{What: whatCost, Value: big.both, Unit: "s", Goal: 4, Better: report.Lower, Peers: perGB},
		{What: "CPU per GB, server alone", Value: big.server, Unit: "s", Goal: 4, Better: report.Lower},
	}
}

// smallest is the load of boxes with next to nothing in them.
func (c *server) smallest(n scale, devices []*device) []report.Figure {
	small := c.load(devices, n.small, 1)
	return []report.Figure{
		{What: whatSmall, Value: small.perSecond, Unit: "boxes/s", Goal: 10_000, Better: report.Higher, Peers: map[string]float64{}},
		{What: "CPU per 1,000 smallest boxes, server alone", Value: small.serverBox * 1000, Unit: "s", Goal: 0.2, Better: report.Lower},
	}
}

// answers is how long a box waits for its answer, beside the shortest way, which is measured before and after; both together count. With so
// many boxes always under way, a box waits on average for as long as it takes to get that many through. What that comes to at the disk's own speed,
// through the page cache and past it, and with all cores at work on nothing else, is printed beside the goal and does not move it. No wait is
// shorter than the last two.
func (c *server) answers(n scale, disk string, d *device) report.Figure {
	short := least(c.t, disk, 256<<10, n.acks/2)
	boxes := d.boxes(c.t, n.acks, large)
	only, onlyBox := answeredOnly(c.t, boxes)
	waits, perBox := c.acks(d, boxes)
	short = append(short, least(c.t, disk, 256<<10, n.acks/2)...)
	alone, past := rawDisk(c.t, disk, 16<<20, n.raw/2, 0), rawDisk(c.t, disk, 16<<20, n.raw/2, unix.O_DIRECT)
	through := func(a arm) float64 { return inFlight * float64(len(boxes[0])) / 1000 / a.rate }
	return report.Figure{What: "ack p99, 4 in flight, 256 KiB", Value: ms(at(waits, 99)), Unit: "ms", Goal: 2 * ms(at(short, 99)), Better: report.Lower,
		Peers: map[string]float64{"ack p50": ms(at(waits, 50)), "ack mean": ms(mean(waits)),
			"fdatasync + commit p50": ms(at(short, 50)), "fdatasync + commit p99": ms(at(short, 99)),
			"a server that only answers, p50": ms(at(only, 50)), "a server that only answers, p99": ms(at(only, 99)), "a server that only answers, mean": ms(mean(only)),
			"CPU per box, client and server": ms(perBox), "CPU per box, client and a server that only answers": ms(onlyBox),
			"mean, were all cores at work on nothing else":                                   ms(inFlight * perBox / time.Duration(runtime.NumCPU())),
			"mean, were the disk at work on nothing but them, in 16 MiB":                     through(alone),
			"mean, were the disk at work on nothing but them, in 16 MiB past the page cache": through(past)}}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func mean(all []time.Duration) (sum time.Duration) {
	for _, d := range all {
		sum += d
	}
	return sum / time.Duration(len(all))
}

func at(all []time.Duration, percent int) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[min(len(all)*percent/100, len(all)-1)]
}

// loaded is what a load did and cost.
type loaded struct {
	rate, perSecond         float64 // MB/s, boxes/s
	both, server, serverBox float64 // CPU seconds per GB, per box
}

// load has every device send its share of n boxes at once.
func (c *server) load(devices []*device, n, size int) (l loaded) {
	t := c.t
	t.Helper()
	shares, bytes := make([][][]byte, len(devices)), 0
	var sealing sync.WaitGroup
	for i, d := range devices {
		sealing.Go(func() { shares[i] = d.boxes(t, n/len(devices), size) })
	}
	sealing.Wait()
	conns := make([]*grpc.ClientConn, len(devices))
	for i, d := range devices {
		conns[i] = d.dial(t)
		_, err := pb.NewDeviceClient(conns[i]).GetPolicy(t.Context(), &pb.GetPolicyRequest{}) // connected
		must(t, err)
		bytes += len(shares[i]) * len(shares[i][0])
	}
	server, client, began := c.CPU(), collector.Own(), time.Now()
	var sending sync.WaitGroup
	errs := make([]error, len(devices))
	for i, d := range devices {
		sending.Go(func() { _, errs[i] = d.send(t.Context(), conns[i], shares[i], len(shares[i])) })
	}
	sending.Wait()
	took := time.Since(began).Seconds()
	server, client = c.CPU()-server, collector.Own()-client
	for i := range devices {
		must(t, errs[i])
		must(t, conns[i].Close())
	}
	gb := float64(bytes) / 1e9
	return loaded{rate: gb * 1000 / took, perSecond: float64(n) / took, both: (server + client).Seconds() / gb,
		server: server.Seconds() / gb, serverBox: server.Seconds() / float64(n)}
}

// acks is how long boxes wait for their answer, and what client and server compute for each.
func (c *server) acks(d *device, boxes [][]byte) (waits []time.Duration, perBox time.Duration) {
	c.t.Helper()
	conn := d.dial(c.t)
	began := c.CPU() + collector.Own()
	waits, err := d.send(c.t.Context(), conn, boxes, inFlight)
	must(c.t, err)
	perBox = (c.CPU() + collector.Own() - began) / time.Duration(len(boxes))
	must(c.t, conn.Close())
	return waits, perBox
}

// idle opens n streams, each on a connection of its own, and returns what each adds to the collector's memory, and then what each adds that
// sends a box. What a collector holds once, whoever comes, such as the cache of its index, is filled before. It is a second collector: the
// first has grown under load.
func (c *server) idle(size scale) (opened, used float64) {
	t, n := c.t, size.idle
	t.Helper()
	c = startCollector(t)
	devices := c.devices((n + 1) / 2)
	conn := devices[0].dial(t)
	_, err := devices[0].send(t.Context(), conn, devices[0].boxes(t, size.warm, 1), 4)
	must(t, err)
	must(t, conn.Close())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	memory := func() float64 {
		time.Sleep(size.quiet) // nothing tells another process that it has
		return float64(c.Memory())
	}
	before := memory()
	conns, streams := make([]*grpc.ClientConn, n), make([]pb.Device_UploadClient, n)
	for i := range streams {
		conns[i] = devices[i/2].dial(t)
		client := pb.NewDeviceClient(conns[i])
		var err error
		streams[i], err = client.Upload(ctx)
		must(t, err)
		_, err = client.GetPolicy(ctx, &pb.GetPolicyRequest{}) // the stream was opened before it is answered
		must(t, err)
	}
	opened = (memory() - before) / float64(n)
	for i, s := range streams {
		must(t, s.Send(&pb.UploadRequest{Box: devices[i/2].boxes(t, 1, 1)[0]}))
		_, err := s.Recv()
		must(t, err)
	}
	used = (memory() - before) / float64(n)
	cancel()
	for _, conn := range conns {
		must(t, conn.Close())
	}
	return opened, used
}
