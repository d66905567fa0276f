package ingest

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// FuzzUploadCodec: whatever comes, in whatever frames, reads as protobuf reads it.
func FuzzUploadCodec(f *testing.F) {
	salt := bytes.Repeat([]byte{9}, 32)
	for _, req := range []*pb.UploadRequest{{}, {Box: []byte{1}}, {Box: bytes.Repeat([]byte{7}, 3000)}, {Box: []byte("a box"), Salt: salt},
		{Box: []byte("a box"), Salt: salt, Heard: salt}, {Box: []byte("a box"), Heard: salt}, {Salt: salt, Heard: salt}} {
		b, err := proto.Marshal(req)
		must(f, err)
		f.Add(b, uint16(3))
		f.Add(append(b, b...), uint16(1000))                    // fields that come twice
		f.Add(append(b, 0x22, 1, 0), uint16(2))                 // an unknown one
		f.Add(append(b, 0x12, 1, 5), uint16(2))                 // a salt in the wrong place
		f.Add(b[:len(b)/2], uint16(1))                          // cut
		f.Add(append([]byte{0x0a, 0x81, 0}, b...), uint16(100)) // a length that is longer than it must be
	}
	f.Fuzz(func(t *testing.T, wire []byte, frame uint16) {
		var data mem.BufferSlice
		for rest := wire; len(rest) > 0; {
			n := min(int(frame)+1, len(rest))
			data = append(data, mem.SliceBuffer(rest[:n:n]))
			rest = rest[n:]
		}
		var got, want pb.UploadRequest
		err, wantErr := newCodec().Unmarshal(data, &got), proto.Unmarshal(wire, &want)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%v, protobuf says %v", err, wantErr)
		}
		if err == nil && !proto.Equal(&got, &want) {
			t.Fatal("reads otherwise than protobuf")
		}
	})
}

// TestCodecCopiesOnce: a box lies in memory of its own, of its own size, and nothing else of its message is kept.
func TestCodecCopiesOnce(t *testing.T) {
	wire, err := proto.Marshal(&pb.UploadRequest{Box: bytes.Repeat([]byte{7}, 256<<10), Salt: make([]byte, 32), Heard: make([]byte, 32)})
	must(t, err)
	data := mem.BufferSlice{mem.SliceBuffer(wire[:100]), mem.SliceBuffer(wire[100:])}
	var req pb.UploadRequest
	c := newCodec()
	if allocs := testing.AllocsPerRun(10, func() { req.Reset(); must(t, c.Unmarshal(data, &req)) }); allocs > 5 {
		t.Errorf("%v allocations", allocs)
	}
	clear(wire)
	if len(req.GetBox()) != 256<<10 || req.GetBox()[0] != 7 || len(req.GetSalt()) != 32 || len(req.GetHeard()) != 32 {
		t.Error("the box does not stay")
	}
}

// TestShelf: memory comes back at its size, and foreign memory is left alone.
func TestShelf(t *testing.T) {
	for _, n := range []int{1, 8 << 10, 16 << 10, 16<<10 + 1, 260 << 10, 520 << 10, 520<<10 + 1, envelope.MaxSize} {
		b := fromShelf(n)
		if len(b) != n || n <= 520<<10 && cap(b) > 2*n+16<<10 {
			t.Fatalf("%d bytes: length %d, %d reserved", n, len(b), cap(b))
		}
		toShelf(b)
	}
	toShelf(make([]byte, 100))
	toShelf(nil)
	if b := fromShelf(100); cap(b) != shelfSize(0) {
		t.Fatal("foreign memory on a shelf")
	}
}

// TestDesk: what is done at the desk is done when do returns, a panic is the caller's, and the desk works on.
func TestDesk(t *testing.T) {
	d := newDesk(2)
	defer d.close()
	for range 8 {
		caught := func() (r any) {
			defer func() { r = recover() }()
			d.do(func() { panic("inside") })
			return nil
		}()
		done := false
		d.do(func() { done = true })
		if caught != "inside" || !done {
			t.Fatal(caught, done)
		}
	}
}

// TestDeskSparesStacks: a stream that asks and checks keeps no stack for it.
func TestDeskSparesStacks(t *testing.T) {
	const streams = 200
	stacks := func(ask func(func())) uint64 {
		release, ready := make(chan struct{}), make(chan struct{})
		for range streams {
			go func() {
				ask(func() { deep(64) })
				ready <- struct{}{}
				<-release
				ready <- struct{}{}
			}()
		}
		for range streams {
			<-ready
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		close(release)
		for range streams {
			<-ready
		}
		return m.StackInuse
	}
	d := newDesk(2)
	defer d.close()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would shrink them
	spared := stacks(d.do)
	grown := stacks(func(f func()) { f() })
	if spared+streams*8<<10 > grown {
		t.Errorf("%d KiB of stack with a desk, %d without", spared>>10, grown>>10)
	}
}

func deep(n int) [256]byte {
	var b [256]byte
	if n > 0 {
		b = deep(n - 1)
	}
	b[n]++
	return b
}
