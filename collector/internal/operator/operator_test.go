//go:build linux

package operator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const childSocket = "BYLEAVE_OPERATOR_CHILD_SOCKET"

func TestMain(m *testing.M) {
	if path := os.Getenv(childSocket); path != "" {
		knock(path)
		return
	}
	goleak.VerifyTestMain(m)
}

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// desk is an operator with a store and a client on the socket.
type desk struct {
	store  *embed.Store
	client pb.OperatorClient
	path   string
}

// newDesk serves an operator whose clock stands two days after Noon, so that Noon's day has ended.
func newDesk(t *testing.T) *desk {
	t.Helper()
	s, _, err := embed.Open(ctx, t.TempDir(), quiet())
	must(t, err)
	dir, err := os.MkdirTemp("", "op") // short: the path of a socket has 107 bytes at most
	must(t, err)
	d := &desk{store: s, path: filepath.Join(dir, "operator.sock")}
	l, err := Listen(d.path)
	must(t, err)
	done := make(chan struct{})
	srv := grpc.NewServer()
	pb.RegisterOperatorServer(srv, New(s, quiet(), func() time.Time { return storetest.Noon.AddDate(0, 0, 2) }, done))
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	conn, err := grpc.NewClient("unix://"+d.path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	d.client = pb.NewOperatorClient(conn)
	t.Cleanup(func() {
		close(done)
		must(t, conn.Close())
		srv.GracefulStop()
		must(t, <-served)
		must(t, s.Close())
		must(t, os.RemoveAll(dir))
	})
	return d
}

func (d *desk) put(t *testing.T, r store.Record) {
	t.Helper()
	out, err := d.store.Put(ctx, []store.Record{r})
	must(t, err)
	if out[0] != store.Stored {
		t.Fatalf("outcome %d", out[0])
	}
}

func (d *desk) tail(t *testing.T) []*pb.TailResponse {
	t.Helper()
	stream, err := d.client.Tail(ctx, &pb.TailRequest{})
	must(t, err)
	var out []*pb.TailResponse
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out
		}
		must(t, err)
		out = append(out, r)
	}
}

// picture is everything that an operator can see, as text.
func (d *desk) picture(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, r := range d.tail(t) {
		fmt.Fprintln(&b, r)
	}
	s, err := d.client.Stats(ctx, &pb.StatsRequest{})
	must(t, err)
	fmt.Fprintln(&b, s.GetText(), s.GetBoxes(), s.GetBytes(), s.GetSuppressed())
	return b.String()
}

func TestTailShowsFullLotsOnly(t *testing.T) {
	d := newDesk(t)
	var people []storetest.Person
	for range Floor {
		people = append(people, storetest.Enrol(t, d.store))
	}
	stored := map[string]bool{}
	for n := 1; n <= 25; n++ {
		r := people[n%Floor].Record(100)
		d.put(t, r)
		stored[hex.EncodeToString(r.Batch[:])] = true
		rows := d.tail(t)
		if len(rows) != n/Lot*Lot {
			t.Fatalf("after %d boxes %d are shown", n, len(rows))
		}
		for i, row := range rows {
			if !stored[hex.EncodeToString(row.GetBatch())] || row.GetHour() != storetest.Noon.Unix() || row.GetPurposeId() != storetest.Purpose {
				t.Fatalf("row %v", row)
			}
			if i%Lot > 0 && bytes.Compare(rows[i-1].GetBatch(), row.GetBatch()) >= 0 {
				t.Fatal("the order within a lot tells of the order of arrival")
			}
		}
	}
}

// TestI12TailOfFewShowsNothing: however much nine people send, none of it is shown; the tenth opens one lot with all of it.
func TestI12TailOfFewShowsNothing(t *testing.T) {
	d := newDesk(t)
	for n := range Floor - 1 {
		p := storetest.Enrol(t, d.store)
		for range 5 + n {
			d.put(t, p.Record(10))
		}
		if rows := d.tail(t); len(rows) != 0 {
			t.Fatalf("%d boxes of %d people are shown", len(rows), n+1)
		}
	}
	d.put(t, storetest.Enrol(t, d.store).Record(10))
	if rows := d.tail(t); len(rows) != 9*5+36+1 {
		t.Fatalf("%d boxes are shown", len(rows))
	}
}

// TestI11CountsDoNotFallWhenOneErases: of ten people one takes everything back. What operators saw before stays, line by line and count by
// count, also for a collector that starts anew, and what arrives later is shown as ever.
func TestI11CountsDoNotFallWhenOneErases(t *testing.T) {
	d := newDesk(t)
	var people []storetest.Person
	for range Floor {
		people = append(people, storetest.Enrol(t, d.store))
	}
	for n := range 45 {
		d.put(t, people[n%Floor].Record(3000))
	}
	before := d.picture(t)
	if n := strings.Count(before, "batch:"); n != 40 {
		t.Fatalf("the control: %d boxes are shown\n%s", n, before)
	}
	for _, p := range people[3:5] {
		_, err := d.store.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}, storetest.Sign)
		must(t, err)
		if diff := cmp.Diff(before, d.picture(t)); diff != "" {
			t.Errorf("after an erasure operators see something else:\n%s", diff)
		}
	}
	again := New(d.store, quiet(), time.Now, make(chan struct{}))
	if k, ok := again.store.(keeper); !ok {
		t.Fatal("the store keeps nothing")
	} else if until, err := k.ShownUntil(ctx); err != nil || until != 40 {
		t.Errorf("kept until %d, %v", until, err)
	}
	for range 2 {
		for _, p := range people {
			d.put(t, p.Record(100))
		}
	}
	if n := len(d.tail(t)); n != 40+3+20 { // what was erased before it was ever shown is not
		t.Errorf("after twenty more boxes %d are shown", n)
	}
}

func TestTailFollows(t *testing.T) {
	d := newDesk(t)
	var people []storetest.Person
	for range Floor {
		people = append(people, storetest.Enrol(t, d.store))
	}
	stream, err := d.client.Tail(ctx, &pb.TailRequest{Follow: true})
	must(t, err)
	for lot := range 3 {
		for n := range Lot {
			d.put(t, people[n].Record(10))
		}
		for range Lot {
			if _, err := stream.Recv(); err != nil {
				t.Fatalf("lot %d: %v", lot, err)
			}
		}
	}
	must(t, stream.CloseSend())
}

// TestI12CountsBelowTenAreSuppressed walks the number of people over the floor.
func TestI12CountsBelowTenAreSuppressed(t *testing.T) {
	seen := map[string]int{}
	for _, n := range []int{1, 2, 8, 9, 10, 11, 19, 20, 21} {
		d := newDesk(t) // what was told of a day stays
		for range n {
			d.put(t, storetest.Enrol(t, d.store).Record(100))
		}
		s, err := d.client.Stats(ctx, &pb.StatsRequest{})
		must(t, err)
		if s.GetSuppressed() != (n < Floor) || (n < Floor) != (s.GetBoxes() == 0) || s.GetBoxes()%10 != 0 {
			t.Fatalf("%d people: %v", n, s)
		}
		seen[s.GetText()]++
	}
	if len(seen) != 3 { // below 10, 10 to 19, 20 and 21
		t.Fatalf("%d different answers tell numbers apart: %v", len(seen), seen)
	}
}

// TestI12TodayIsNotCounted: a running day would show who is at work just now.
func TestI12TodayIsNotCounted(t *testing.T) {
	d := newDesk(t)
	for range 30 {
		r := storetest.Enrol(t, d.store).Record(10)
		r.Received = storetest.Noon.AddDate(0, 0, 2)
		d.put(t, r)
	}
	s, err := d.client.Stats(ctx, &pb.StatsRequest{})
	must(t, err)
	if !s.GetSuppressed() || s.GetBoxes() != 0 {
		t.Fatalf("%v", s)
	}
}

// TestI11RefusalUnseen: twelve people work; a thirteenth never existed, was invited only, declined, agreed and paused, or
// agreed and withdrew. The operator's picture is the same, byte for byte.
func TestI11RefusalUnseen(t *testing.T) {
	var people []storetest.Person
	var records []store.Record
	for range 12 {
		p := storetest.NewPerson()
		people = append(people, p)
		for range 3 {
			records = append(records, p.Record(500))
		}
	}
	pictures := map[string]string{}
	for name, thirteenth := range map[string]func(*testing.T, store.Store){
		"never existed": func(*testing.T, store.Store) {},
		"invited":       func(t *testing.T, s store.Store) { storetest.Invite(t, s, store.DeviceRole) },
		"declined":      func(t *testing.T, s store.Store) { storetest.NewPerson().Enrol(t, s) },
		"paused":        func(t *testing.T, s store.Store) { storetest.Enrol(t, s) },
		"withdrew": func(t *testing.T, s store.Store) {
			c := storetest.Enrol(t, s).Consent
			c.Withdrawn = true
			must(t, s.PutConsent(ctx, c))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			for _, p := range people {
				p.Enrol(t, d.store)
				must(t, d.store.PutConsent(ctx, p.Consent))
			}
			thirteenth(t, d.store)
			for _, r := range records {
				d.put(t, r)
			}
			pictures[name] = d.picture(t)
		})
	}
	for name, p := range pictures {
		if diff := cmp.Diff(pictures["never existed"], p); diff != "" {
			t.Errorf("%s differs from never existed:\n%s", name, diff)
		}
		for _, person := range people {
			for _, id := range []store.ID{person.Device.ID, person.Device.Subject, person.Consent.ID} {
				if strings.Contains(p, hex.EncodeToString(id[:])) || strings.Contains(p, string(id[:])) {
					t.Fatal("the picture names a person, device or consent")
				}
			}
		}
	}
	if len(pictures["paused"]) < 1000 {
		t.Fatal("the picture is empty: nothing was compared")
	}
}

// plans is what a custodian is told before a release, who leaves no trace by asking: of all time, and of the day of Noon.
func (d *desk) plans(t *testing.T) string {
	t.Helper()
	who := store.Custodian{ID: storetest.ID(), Name: "Works council", Recipient: []byte("custodian")}
	must(t, d.store.EnrolCustodian(ctx, storetest.Invite(t, d.store, store.CustodianRole), storetest.Noon, who))
	c := &Custodian{Store: d.store, Log: quiet(), Now: time.Now, Purpose: func(string) string { return "" },
		Who: func(context.Context) (store.ID, bool) { return who.ID, true }}
	day := storetest.Noon.Truncate(24 * time.Hour)
	var b strings.Builder
	for _, req := range []*pb.PlanRequest{{PurposeId: storetest.Purpose}, {PurposeId: storetest.Purpose, Since: day.Unix(), Until: day.AddDate(0, 0, 1).Unix()}} {
		p, err := c.Plan(ctx, req)
		must(t, err)
		fmt.Fprintln(&b, "plan", p.GetBoxes(), p.GetBytes())
	}
	return b.String()
}

// TestPlanOfMany: from ten people on a plan counts, in tens and whole MiB. Its windows are days: what was done in an hour cannot be asked.
func TestPlanOfMany(t *testing.T) {
	d := newDesk(t)
	for range 11 {
		p := storetest.NewPerson()
		p.Enrol(t, d.store)
		must(t, d.store.PutConsent(ctx, p.Consent))
		for range 3 {
			d.put(t, p.Record(500))
		}
	}
	if seen := d.plans(t); seen != "plan 30 0\nplan 30 0\n" {
		t.Errorf("33 small boxes of eleven people:\n%s", seen)
	}
	hour := storetest.Noon.Truncate(time.Hour).Unix()
	if _, err := query(storetest.Purpose, hour, hour+3600, store.Custodian{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("one hour of somebody's day: %v", err)
	}
}

// publicLedger is what everybody, and so every operator, can tell of the ledger: how long it is, the shape of each leaf, and what can be read.
func publicLedger(t *testing.T, dir string, l *ledger.Log) string {
	t.Helper()
	pub, err := ledger.PublicKey(dir)
	must(t, err)
	src := ledger.NewFolder(dir, pub)
	at, err := tlog.Fetch(ctx, src, sha256.Sum256(pub), tlog.Checkpoint{})
	must(t, err)
	var b strings.Builder
	fmt.Fprintln(&b, "leaves", at.Size)
	must(t, tlog.Walk(ctx, src, at, func(place uint64, leaf []byte) error {
		if len(leaf) == 32 {
			fmt.Fprint(&b, ".")
			return nil
		}
		_, err := fmt.Fprintf(&b, "\n%d %s\n", place, leaf)
		return err
	}))
	return b.String()
}

// TestI11OutputsOfFewTellNothing: of nine people eight do the same in every world, and the ninth declined, paused, recorded, withdrew or
// erased. Everything that an operator sees (tail, stats, ledger, its checkpoints, the leaf of an export, and what a custodian is
// told who asks for a plan) is the same in all worlds, at each of three times, so that no two of them subtracted tell anything either.
func TestI11OutputsOfFewTellNothing(t *testing.T) {
	put := func(t *testing.T, d *desk, p storetest.Person, n int) {
		for range n {
			r := p.Record(2000)
			r.Leaf = ledger.Batch(r.Subject, nil, r.Digest)
			d.put(t, r)
		}
	}
	agree := func(t *testing.T, d *desk, p storetest.Person) {
		c := p.Consent
		c.Leaf = ledger.Consent(p.Device.Subject, nil, []byte("signed"))
		must(t, d.store.PutConsent(ctx, c))
	}
	first := map[int]string{}
	for name, ninth := range map[string]struct {
		before, after func(*testing.T, *desk, storetest.Person)
	}{
		"declined": {func(*testing.T, *desk, storetest.Person) {}, func(*testing.T, *desk, storetest.Person) {}},
		"paused":   {agree, func(*testing.T, *desk, storetest.Person) {}},
		"recorded": {agree, func(t *testing.T, d *desk, p storetest.Person) { put(t, d, p, 40) }},
		"recorded, then paused": {func(t *testing.T, d *desk, p storetest.Person) {
			agree(t, d, p)
			put(t, d, p, 40)
		}, func(*testing.T, *desk, storetest.Person) {}},
		"withdrew": {func(t *testing.T, d *desk, p storetest.Person) {
			agree(t, d, p)
			put(t, d, p, 40)
		}, func(t *testing.T, d *desk, p storetest.Person) {
			c := p.Consent
			c.Withdrawn, c.Leaf = true, ledger.Consent(p.Device.Subject, nil, []byte("withdrawn"))
			must(t, d.store.PutConsent(ctx, c))
		}},
		"erased": {func(t *testing.T, d *desk, p storetest.Person) {
			agree(t, d, p)
			put(t, d, p, 40)
		}, func(t *testing.T, d *desk, p storetest.Person) {
			_, err := d.store.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon},
				func(e store.Erased) ([]byte, store.Leaf, error) {
					return []byte("record"), ledger.Erasure(e.Erasure, []byte("record")), nil
				})
			must(t, err)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := newDesk(t), t.TempDir()
			must(t, ledger.CreateKey(dir))
			key, err := ledger.LoadKey(dir)
			must(t, err)
			l := ledger.New(dir, key, d.store, quiet(), time.Now)
			for range 8 {
				p := storetest.NewPerson()
				p.Enrol(t, d.store)
				agree(t, d, p)
				put(t, d, p, 30) // with their consents 248 leaves: the ninth would make it more than a lot
			}
			p := storetest.NewPerson()
			p.Enrol(t, d.store)
			look := func(when int) {
				must(t, l.Lot(ctx))
				seen := d.picture(t) + publicLedger(t, dir, l) + d.plans(t)
				if first[when] == "" {
					first[when] = seen
				}
				if diff := cmp.Diff(first[when], seen); diff != "" {
					t.Errorf("at time %d it can be told from another world:\n%s", when, diff)
				}
			}
			ninth.before(t, d, p)
			look(1)
			ninth.after(t, d, p)
			look(2)
			e := store.Export{ID: store.ID{7}, Custodian: store.ID{8}, Query: store.Query{Purpose: storetest.Purpose}, At: storetest.Noon}
			_, err = d.store.BeginExport(ctx, e, func(plan store.Plan) store.Leaf {
				if plan.Boxes < 240 {
					t.Errorf("the plan holds %d boxes: nothing was compared", plan.Boxes)
				}
				leaf, err := ledger.Export(e, "Works council", plan)
				must(t, err)
				return leaf
			})
			must(t, err)
			look(3)
		})
	}
	if !strings.Contains(first[3], `"few":true`) || !strings.Contains(first[3], "leaves 1024") {
		t.Fatalf("the picture lacks the export or the lots: %.200s", first[3])
	}
}

// knock connects as another user and says how it went.
func knock(path string) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		fmt.Println("no door:", err)
		return
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		fmt.Println(err)
		return
	}
	n, err := conn.Read(make([]byte, 1))
	fmt.Println("read", n, err)
}

// TestSocketIsForTheOwnUser: the mode keeps others out; where it does not, who connects is asked of the system.
func TestSocketIsForTheOwnUser(t *testing.T) {
	d := newDesk(t)
	info, err := os.Stat(d.path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %o", info.Mode().Perm())
	}
	own, err := net.Dial("unix", d.path)
	must(t, err)
	n, err := own.Read(make([]byte, 1)) // the server's settings frame
	if n != 1 || err != nil {
		t.Fatal("the own user is kept out:", err)
	}
	must(t, own.Close())
	if os.Getuid() != 0 {
		t.Log("only root can knock as somebody else")
		return
	}
	must(t, os.Chmod(filepath.Dir(d.path), 0o755))
	must(t, os.Chmod(d.path, 0o666))
	out, err := asNobody(os.Args[0], childSocket+"="+d.path)
	must(t, err)
	if got := string(out); !strings.HasPrefix(got, "read 0 EOF") {
		t.Fatalf("another user got: %s", got)
	}
	if _, err := d.client.Stats(ctx, &pb.StatsRequest{}); err != nil {
		t.Fatal("the own user is kept out after that:", err)
	}
}

// asNobody runs a copy of a program that another user may run.
func asNobody(program, env string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "knock")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	body, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	copied := filepath.Join(dir, "knock")
	if err := os.WriteFile(copied, body, 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	cmd := exec.Command(copied)
	cmd.Dir, cmd.Env = "/", []string{env}
	beNobody(cmd)
	return cmd.CombinedOutput()
}
