//go:build linux

package operator

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/byleave/byleave/proto/pb"
	"github.com/google/go-cmp/cmp"
)

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
	if until, err := d.store.ShownUntil(ctx); err != nil || until != 40 {
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
