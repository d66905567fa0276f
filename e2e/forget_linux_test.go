package e2e

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hpke"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	boxes "github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/pb"
)

// opens opens with the person's key whatever an index, its packs and a folder of epoch keys give, as proto/SPEC.md section 4 says, and
// returns the texts. It is what somebody could do who has all of the collector's disk and the person's recovery code.
func opens(t *testing.T, index, packs, keys string, person hpke.PrivateKey) (texts string, n int) {
	t.Helper()
	epochs := map[int64][][]byte{}
	names, err := filepath.Glob(filepath.Join(keys, "*"))
	check(t, err)
	for _, name := range names {
		b, err := os.ReadFile(name)
		check(t, err)
		if len(b) == 16+8+32+32 {
			number := int64(binary.BigEndian.Uint64(b[16:24]))
			epochs[number] = append(epochs[number], b[24:56])
		}
	}
	db, err := sql.Open("sqlite", "file:"+index)
	check(t, err)
	defer db.Close()
	rows, err := db.Query(`SELECT b.batch, b.digest, b.pack, b.at, b.head, b.payload, c.capsules, k.shred_key, k.epoch FROM batches b JOIN sealed c USING (number)
		JOIN shreds k ON k.subject = b.subject AND k.number = b.number`)
	check(t, err)
	defer rows.Close()
	for rows.Next() {
		var batch, digest, sealed, shred []byte
		var pack, at, head, payload, epoch int64
		check(t, rows.Scan(&batch, &digest, &pack, &at, &head, &payload, &sealed, &shred, &epoch))
		for _, key := range epochs[epoch] {
			info := binary.BigEndian.AppendUint64(append([]byte("byleave shred key v1\x00"), batch...), uint64(epoch))
			one, err := gcm(t, key).Open(nil, shred[:12], shred[12:], info)
			if err != nil {
				continue
			}
			capsules, err := gcm(t, one).Open(nil, sealed[:12], sealed[12:], digest)
			check(t, err)
			f, err := os.Open(filepath.Join(packs, fmt.Sprintf("%012d.pack", pack)))
			check(t, err)
			body := make([]byte, head+payload)
			_, err = f.ReadAt(body, at+24)
			check(t, err)
			check(t, f.Close())
			box, err := envelope.Parse(bytes.Join([][]byte{body[:head], capsules, body[head:]}, nil))
			check(t, err)
			p, err := boxes.ByPerson(box, person)
			check(t, err)
			texts += textsOf(p)
			n++
		}
	}
	check(t, rows.Err())
	return texts, n
}

func gcm(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	check(t, err)
	a, err := cipher.NewGCM(block)
	check(t, err)
	return a
}

func textsOf(p *pb.Payload) (out string) {
	for _, e := range p.GetEvents() {
		out += " " + e.GetAction().GetText().GetNet()
	}
	return out
}

// opensHere opens the person's own files.
func opensHere(t *testing.T, spool string, person hpke.PrivateKey) (texts string, n int) {
	t.Helper()
	check(t, filepath.WalkDir(spool, func(path string, e os.DirEntry, err error) error {
		var raw []byte
		if err == nil && !e.IsDir() {
			raw, err = os.ReadFile(path)
		}
		if errors.Is(err, fs.ErrNotExist) { // the agent has moved it meanwhile
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		if box, err := envelope.Parse(raw); err == nil {
			if p, err := boxes.ByPerson(box, person); err == nil {
				texts += textsOf(p)
				n++
			}
		}
		return nil
	}))
	return texts, n
}

func holds(text string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// answer is what was said of a forgetting, with the collector's word: a busy one gives it later than the agent waits.
func answer(ctx context.Context, t *testing.T, s *stage.Stage, said string) string {
	t.Helper()
	if !strings.Contains(said, "it is asked until it does") {
		return said
	}
	check(t, s.Until(ctx, "the collector's word", func(st stage.Status) bool { return st.Erasures == 0 }))
	records, err := s.Byleave(ctx, "forget", "--records")
	check(t, err)
	return said + records
}

// TestI21Forget records three words, takes a backup, forgets the time of the second, and then everything. Whoever has the collector's
// whole disk, the backup, the device's disk and the person's recovery code opens what was not forgotten, and nothing else.
func TestI21Forget(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	_, editor := record(ctx, t, s)
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	person, err := canary.PersonKey(s.Recovery)
	check(t, err)
	check(t, s.Desk.Focus(ctx, editor.ID))
	sent := func() int {
		st, err := s.Status(ctx)
		check(t, err)
		return st.Spool.Sent
	}
	typed(ctx, t, s, hand, "walrus colony. ")
	awayFromEdges()
	from, before := time.Now(), sent()
	typed(ctx, t, s, hand, "pelican harbour. ")
	until, after := time.Now(), sent()
	awayFromEdges()
	awayFromEdges()
	typed(ctx, t, s, hand, "ocelot forest. ")

	data := s.Data()
	backup := filepath.Join(s.Dir, "backup")
	_, err = s.Collector(ctx, "backup", "--dir", data, backup)
	check(t, err)
	collector := func(index string, packs string) string {
		text, n := opens(t, filepath.Join(index, "index.db"), filepath.Join(packs, "packs"), filepath.Join(data, "keys"), person)
		t.Logf("%s: %d boxes open: %q", filepath.Base(index), n, text)
		return text
	}
	all := []string{"walrus", "pelican", "ocelot"}
	here, _ := opensHere(t, filepath.Join(s.Home, "spool"), person)
	if !holds(here, all...) || !holds(collector(data, data), all...) || !holds(collector(backup, backup), all...) {
		t.Fatal("the search finds nothing even while it is there")
	}

	out, err := s.Byleave(ctx, "forget", "--since", from.Format(time.RFC3339Nano), "--until", until.Format(time.RFC3339Nano))
	check(t, err)
	t.Log(out)
	out = answer(ctx, t, s, out)
	destroyed := "destroyed " + policy.Count(after-before, "box")
	if !strings.Contains(out, "The collector "+destroyed+" ") {
		t.Fatalf("no record of %d boxes: %q", after-before, out)
	}
	records, err := filepath.Glob(filepath.Join(s.Home, "erasure-*.record"))
	check(t, err)
	if len(records) != 1 {
		t.Fatalf("%d records on this computer", len(records))
	}
	if out, err := s.Byleave(ctx, "forget", "--records"); err != nil || !strings.Contains(out, destroyed+" ") {
		t.Fatal("the record cannot be read:", out, err)
	}
	here, _ = opensHere(t, filepath.Join(s.Home, "spool"), person)
	for where, text := range map[string]string{"here": here, "collector": collector(data, data)} {
		if strings.Contains(text, "pelican") || !holds(text, "walrus", "ocelot") {
			t.Errorf("%s: what opens is %q", where, text)
		}
	}
	if text := collector(backup, backup); strings.Contains(text, "pelican") {
		t.Errorf("the backup of before opens with the keys of now: %q", text)
	}
	_, steps := export(t, s)
	var exported string
	for _, st := range steps {
		if st.Text != nil {
			exported += *st.Text
		}
	}
	if strings.Contains(exported, "pelican") || !holds(exported, "walrus", "ocelot") {
		t.Errorf("exported %q", exported)
	}
	forgetAll(ctx, t, s, backup, person)
}

func forgetAll(ctx context.Context, t *testing.T, s *stage.Stage, backup string, person hpke.PrivateKey) {
	t.Helper()
	data := s.Data()
	if out, err := s.Byleave(ctx, "forget", "--all"); err == nil || !strings.Contains(err.Error(), "at a terminal") {
		t.Fatalf("everything was forgotten without a person at a terminal: %q %v", out, err)
	}
	shown, err := s.AtTerminal(ctx, "yes\nnew horse battery staple\nnew horse battery staple\n", "forget", "--all")
	check(t, err)
	t.Log(shown)
	shown = answer(ctx, t, s, shown)
	if !strings.Contains(shown, "destroyed everything that it held of you") {
		t.Fatalf("no record of everything: %q", shown)
	}
	for _, folder := range []string{data, backup} {
		if text, n := opens(t, filepath.Join(folder, "index.db"), filepath.Join(folder, "packs"), filepath.Join(data, "keys"), person); n != 0 {
			t.Errorf("%s still opens: %q", filepath.Base(folder), text)
		}
	}
	if text, n := opensHere(t, filepath.Join(s.Home, "spool"), person); n != 0 {
		t.Errorf("the spool still opens: %q", text)
	}
	// A restored backup brings nothing back.
	check(t, s.KillCollector())
	out, err := s.Collector(ctx, "restore", "--dir", data, backup)
	check(t, err)
	t.Log(strings.TrimSpace(out))
	if text, n := opens(t, filepath.Join(data, "index.db"), filepath.Join(data, "packs"), filepath.Join(data, "keys"), person); n != 0 || !strings.Contains(out, "2 erasures") {
		t.Errorf("a restore brought back %q: %s", text, out)
	}
	check(t, s.Serve(ctx))
	check(t, s.Until(ctx, "the agent on", recording))
}

// TestForgetWithoutACollector: what was typed a moment ago is gone although nothing was sealed yet; an erasure that the collector cannot
// hear survives the death of the agent, and is answered when both are back, also during a pause.
func TestForgetWithoutACollector(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent, editor := record(ctx, t, s)
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	person, err := canary.PersonKey(s.Recovery)
	check(t, err)
	check(t, s.Desk.Focus(ctx, editor.ID))
	typed(ctx, t, s, hand, "walrus colony. ")
	check(t, s.KillCollector())
	awayFromEdges()
	check(t, s.Desk.Focus(ctx, editor.ID))
	check(t, hand.Type(ctx, "pelican harbour", 15*time.Millisecond)) // still in RAM, in the middle of a run
	out, err := s.Byleave(ctx, "forget", "--last", "10m")
	check(t, err)
	t.Log(out)
	if !strings.Contains(out, "it is asked until it does") {
		t.Fatalf("an answer of a dead collector: %q", out)
	}
	check(t, hand.Type(ctx, " ocelot forest. ", 15*time.Millisecond)) // recorded since, and not meant
	awayFromEdges()
	_, err = s.Byleave(ctx, "pause")
	check(t, err)
	check(t, s.Until(ctx, "the rest to be sealed", func(st stage.Status) bool { return st.Spool.Held > 0 }))
	text, _ := opensHere(t, filepath.Join(s.Home, "spool"), person)
	if !strings.Contains(text, "forest") { // the editor answered too late
		_, err = s.Byleave(ctx, "resume")
		check(t, err)
		check(t, s.Until(ctx, "recording", recording))
		typed(ctx, t, s, hand, "ocelot forest. ")
		_, err = s.Byleave(ctx, "pause")
		check(t, err)
		text, _ = opensHere(t, filepath.Join(s.Home, "spool"), person)
	}
	if strings.Contains(text, "walrus") || strings.Contains(text, "pelican") || !strings.Contains(text, "forest") {
		t.Fatalf("what opens here is %q", text)
	}
	check(t, agent.Kill())
	check(t, s.Serve(ctx))
	run(t, s)
	check(t, s.Until(ctx, "the collector's word", func(st stage.Status) bool { return st.State == "paused" && st.Erasures == 0 }))
	records, err := filepath.Glob(filepath.Join(s.Home, "erasure-*.record"))
	check(t, err)
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	check(t, s.Until(ctx, "the rest to be sent", func(st stage.Status) bool { return st.Spool.Held == 0 }))
	at := func() string {
		text, _ := opens(t, filepath.Join(s.Data(), "index.db"), filepath.Join(s.Data(), "packs"), filepath.Join(s.Data(), "keys"), person)
		return text
	}
	if text := at(); strings.Contains(text, "walrus") || !strings.Contains(text, "forest") {
		t.Fatalf("the collector opens %q", text)
	}
	// The receipt alone, without anything else of the person's, erases the rest.
	receipt, err := s.Byleave(ctx, "receipt")
	check(t, err)
	if out, err = s.Collector(ctx, "erase", "--receipt", strings.TrimSpace(receipt)); err != nil || !strings.Contains(out, "everything") {
		t.Fatal(out, err)
	}
	if text := at(); text != "" {
		t.Fatalf("after the receipt was used the collector opens %q", text)
	}
}
