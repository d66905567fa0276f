//go:build unix

package main

import (
	"bufio"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/byleave/byleave/collector/internal/vault"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// lived is what a collector's days were: of each, so many days ago, how many people sent how many boxes of how many bytes each.
type lived struct{ ago, people, boxes, size int }

// releases is an export that was begun, days ago.
type releases struct {
	ago     int
	name    string
	purpose string
}

// live puts people, their boxes and exports into a collector's folder while none runs there, through its own store, vault and ledger.
func live(t *testing.T, dir string, now time.Time, days []lived, exports ...releases) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	st, _, err := embed.Open(t.Context(), dir, log)
	must(t, err)
	defer func() { must(t, st.Close()) }()
	v, err := vault.Load(dir, st)
	must(t, err)
	most := slices.MaxFunc(days, func(a, b lived) int { return a.people - b.people }).people
	people := make([]storetest.Person, most)
	for i := range people {
		p := storetest.NewPerson()
		key, err := v.NewKey(p.Device.Subject)
		must(t, err)
		must(t, st.EnrolDevice(t.Context(), storetest.Invite(t, st, store.DeviceRole), storetest.Noon, p.Device, key))
		p.Consent.Expires = time.Now().AddDate(1, 0, 0)
		must(t, st.PutConsent(t.Context(), p.Consent))
		people[i] = p
	}
	for _, d := range days {
		var group []store.Record
		for _, p := range people[:d.people] {
			for range d.boxes {
				r := p.Record(d.size)
				r.Received = now.UTC().AddDate(0, 0, -d.ago).Truncate(time.Hour)
				r.Leaf.Body = make([]byte, 32)
				rand.Read(r.Leaf.Body)
				group = append(group, r)
			}
		}
		_, err := st.Put(t.Context(), group)
		must(t, err)
	}
	key, err := ledger.LoadKey(dir)
	must(t, err)
	l := ledger.New(dir, key, st, log, time.Now)
	must(t, l.Settle(t.Context()))
	for _, e := range exports {
		var body []byte
		at := now.AddDate(0, 0, -e.ago)
		id := storetest.ID()
		_, err := st.BeginExport(t.Context(), store.Export{ID: id, Custodian: storetest.ID(), Query: store.Query{Purpose: storetest.Purpose}, At: at}, func(p store.Plan) store.Leaf {
			leaf, err := ledger.Export(store.Export{ID: id, Query: store.Query{Purpose: e.purpose}, At: at}, e.name, p)
			must(t, err)
			body = leaf.Body
			return leaf
		})
		must(t, err)
		_, err = l.Publish(t.Context(), body)
		must(t, err)
	}
}

// watcher is a browser's share of the protocol.
func watcher(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: tr}
}

func fetch(t *testing.T, c *http.Client, address string) string {
	t.Helper()
	res, err := c.Get(address)
	must(t, err)
	body, err := io.ReadAll(res.Body)
	must(t, err)
	must(t, res.Body.Close())
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%d: %s", res.StatusCode, body)
	}
	return string(body)
}

// board is `byleave-collector dash` in a process of its own.
type board struct {
	cmd           *exec.Cmd
	out           *bufio.Reader
	address, base string
}

var opens = regexp.MustCompile(`(http://127\.0\.0\.1:\d+/)open/\S+`)

func startDash(t *testing.T, dir string) board {
	t.Helper()
	cmd := exec.Command("byleave-collector", "dash", "--dir", dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	b := board{cmd: cmd, out: bufio.NewReader(out)}
	for b.address == "" {
		line, err := b.out.ReadString('\n')
		if err != nil {
			t.Fatal("no address:", err, cmd.Wait())
		}
		if m := opens.FindStringSubmatch(line); m != nil {
			b.address, b.base = m[0], m[1]
		}
	}
	return b
}

// end presses ctrl+c.
func (b board) end(t *testing.T) string {
	t.Helper()
	must(t, b.cmd.Process.Signal(os.Interrupt))
	said, err := io.ReadAll(b.out)
	must(t, err)
	must(t, b.cmd.Wait())
	return string(said)
}

// TestI12DashKeepsTheFloor runs the programs: a day of nine people is not told, days of more are, in tens, and the page says what the collector says.
func TestI12DashKeepsTheFloor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	now := time.Now()
	live(t, dir, now, []lived{{3, 14, 4, 100}, {2, 9, 8, 100}, {1, 23, 5, 100}}, releases{1, "Works council <b>", storetest.Purpose})
	publish(t, dir, "7", "30")
	b := startDash(t, dir)
	c := watcher(t)
	still := fetch(t, c, b.address)
	for _, want := range []string{"No collector runs in this folder", "Works council &lt;b&gt;", "Mousepad text editor", "Not known while no collector runs"} {
		if !strings.Contains(still, want) {
			t.Errorf("while nothing runs the page lacks %q", want)
		}
	}
	r := startCollector(t, dir)
	page := fetch(t, c, b.base)
	date := func(ago int) string { return now.UTC().AddDate(0, 0, -ago).Format(time.DateOnly) }
	for _, want := range []string{"The collector takes boxes", "version 7 until", "yes: the index can be read",
		date(3) + `</th><td>10</td><td>50</td>`, date(1) + `</th><td>20</td><td>110</td>`,
		date(2) + `</th><td colspan="3" class="soft">fewer than ten people</td>`, "240 boxes or more, less than 1 MiB"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if m := regexp.MustCompile(`\b(9|72|70|14|56|23|115)\b`).FindString(plain(between(page, `id="days"`, `id="reads"`))); m != "" {
		t.Errorf("the page tells %q", m)
	}
	if said := b.end(t); !strings.Contains(said, "The page is closed.") {
		t.Errorf("it ends with %q", said)
	}
	r.kill(t)
}

// plain is what can be read of a page, without its days and hours: they are the clock's.
func plain(page string) string {
	page = regexp.MustCompile(`(?s)<svg.*?</svg>|<[^>]*>`).ReplaceAllString(page, " ")
	return regexp.MustCompile(`\d{4}-\d\d-\d\d|\d+ \w+ 20\d\d|\d+ (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b|\d\d:\d\d|\d+ days?`).ReplaceAllString(page, " ")
}

func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}

// TestI11I12DashFollowsNobody: the page is the same, byte for byte, before and after somebody enrolled, agreed, sent and withdrew.
func TestI11I12DashFollowsNobody(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	live(t, dir, time.Now(), []lived{{1, 12, 2, 100}})
	r := startCollector(t, dir)
	b := startDash(t, dir)
	c := watcher(t)
	fetch(t, c, b.address)
	look := func() string {
		page := fetch(t, c, b.base)
		if !strings.Contains(page, "10 or more") || !strings.Contains(page, "The collector takes boxes") {
			t.Fatal("nothing is compared:", page)
		}
		return byTheClock.ReplaceAllString(page, "N")
	}
	day, before := time.Now().UTC().YearDay(), look()
	same := func(what string) {
		t.Helper()
		if after := look(); after != before && time.Now().UTC().YearDay() == day { // else a midnight lay between, which moves the days
			t.Errorf("the page shows that somebody %s:\n%s\nwas\n%s", what, after, before)
		}
	}
	s := newSender(t, dir, r.addr)
	same("enrolled and agreed")
	for range 3 {
		box, err := seal.Seal(s.seal, make([]byte, 300_000))
		must(t, err)
		s.send(t, r.addr, map[string][]byte{"": box.Bytes()})
		s.seal.Sequence++
	}
	same("sent")
	s.putConsent(t, r.addr, func(m *pb.ConsentStub) { m.Withdrawn = true })
	same("withdrew")
	b.end(t)
	r.kill(t)
}

// byTheClock is what the clock moves: how many leaves the ledger has, and the day.
var byTheClock = regexp.MustCompile(`\d+ (leaf|leaves)\b|\d+ days? left`)
