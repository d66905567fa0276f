//go:build linux

package operator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

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
		if s.GetSuppressed() != (n < Floor) || (n < Floor) != (s.GetBoxes() == 0) || (n < Floor) != (len(s.GetDays()) == 0) || s.GetBoxes()%10 != 0 {
			t.Fatalf("%d people: %v", n, s)
		}
		seen[fmt.Sprint(s.GetText(), s.GetDays())]++
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
			d, dir := newDesk(t), storetest.Memory(t)
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
