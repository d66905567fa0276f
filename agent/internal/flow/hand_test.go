package flow

import (
	"context"
	"crypto/hpke"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	boxes "github.com/byleave/byleave/proto/envelope/open"
)

// always lets a policy ask for every hour of every day.
func always(m map[string]any) {
	m["hours"] = []any{map[string]any{"weekdays": []int{0, 1, 2, 3, 4, 5, 6}, "start_second": 0, "end_second": 86400}}
}

// verb asks the agent as the control socket does.
func (a *agent) verb(t *testing.T, name string, in any) (any, error) {
	t.Helper()
	return a.verbs()[name].Do(t.Context(), must(json.Marshal(in)))
}

// personKey is the key that opens what the devices of these tests seal.
func personKey(t *testing.T, a *agent) hpke.PrivateKey {
	t.Helper()
	return must(a.keys.UnlockPerson([]byte("four words in a row")))
}

// held is everything that waits, opened.
func (a *agent) held(t *testing.T) (text string) {
	t.Helper()
	id := must(a.keys.Identity())
	for e := range a.spool.Boxes() {
		p := must(boxes.ByPerson(must(e.Box()), personKey(t, a), boxes.SignedBy(id.Verify())))
		for _, ev := range p.GetEvents() {
			text += ev.GetTask().GetStep().String() + " " + ev.GetTask().GetText() + "|"
		}
	}
	return text
}

// TestTaskIsTakenWhileRecordingIsOn: also from a window that is not agreed to, such as a terminal; never without the mark, in a pause,
// without a display or a consent. Its words are redacted here once more.
func TestTaskIsTakenWhileRecordingIsOn(t *testing.T) {
	first := version(5, always)
	a := device(t, first)
	start := Task{Step: "start", Words: "pay 4111 1111 1111 1111"}
	refused := func(why string) {
		t.Helper()
		if _, err := a.verb(t, "task", start); err == nil || !strings.Contains(err.Error(), "nothing is recorded now") {
			t.Errorf("%s: %v", why, err)
		}
	}
	refused("without a consent")
	a.agree(t, first)
	refused("without a display")
	now := a.clock.now()
	a.gate.Display(true, "")
	a.gate.Durable(true)
	a.gate.Focus(now, 7, "", policy.NotAgreed)
	refused("without the mark")
	a.gate.Indicator(now, true)
	a.marked.Store(true)
	for _, task := range []Task{start, {Step: "done"}, {Step: "fail"}} {
		if _, err := a.verb(t, "task", task); err != nil {
			t.Fatalf("%s: %v (%v)", task.Step, err, a.gate.Live().Why())
		}
	}
	for _, bad := range []Task{{}, {Step: "start"}, {Step: "done", Words: "x"}, {Step: "other", Words: "x"}} {
		if _, err := a.verb(t, "task", bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	check(t, a.beginPause(time.Time{}))
	refused("in a pause")
	check(t, a.settle(t.Context()))
	if got := a.held(t); got != "TASK_STEP_STARTED pay <CARD#1>|TASK_STEP_DONE |TASK_STEP_FAILED |" {
		t.Errorf("recorded %q", got)
	}
}

// TestSendRespectsTheLimits: the person's gesture ends the hold and nothing else.
func TestSendRespectsTheLimits(t *testing.T) {
	first := version(5, always)
	a := device(t, first)
	a.agree(t, first)
	check(t, a.spool.Append(redact.NewGap(time.Now(), time.Now(), policy.Secret)))
	check(t, a.spool.Cut())
	var ids []envelope.ID
	for e := range a.spool.Boxes() {
		ids = append(ids, e.Batch)
	}
	if _, err := a.verb(t, "send", Send{Boxes: ids}); err == nil {
		t.Error("it is sent to nobody")
	}
	a.uploader.Store(upload.New(upload.Options{Identity: must(a.keys.Identity()), Log: a.log}))
	a.budget.Here(upload.Conditions{Metered: true})
	a.cfg.Hold = keystore.LongestHold
	got := must(a.verb(t, "send", Send{Boxes: ids})).(Sending)
	if got.Boxes != 1 || got.Why != "metered network" {
		t.Errorf("on a metered network: %+v", got)
	}
	if v := a.view(); v.Waits != "metered network" || v.Most <= 0 {
		t.Errorf("the tray says of it: %+v", v)
	}
	a.budget.Here(upload.Conditions{Battery: true, Charge: 12})
	if got = must(a.verb(t, "send", Send{Boxes: ids})).(Sending); !strings.Contains(got.Why, "battery below") {
		t.Errorf("on a weak battery: %+v", got)
	}
	a.budget.Here(upload.Conditions{})
	if got = must(a.verb(t, "send", Send{Boxes: ids})).(Sending); got.Why != "" || got.Boxes != 1 {
		t.Errorf("with nothing against it: %+v", got)
	}
	if st := a.status(); st.Spool.Released != 1 || !st.NextSend.IsZero() {
		t.Errorf("status %+v", st)
	}
	if got = must(a.verb(t, "send", Send{Boxes: []envelope.ID{{9}}})).(Sending); got.Boxes != 0 {
		t.Errorf("a box that is not there: %+v", got)
	}
}

// TestWaitingIsSaidEverywhere: why a box does not leave although its hold has passed stands in the tray and the status, also if it is nothing that the
// budget knows, and whoever shows it is woken.
func TestWaitingIsSaidEverywhere(t *testing.T) {
	first := version(5, always)
	a := device(t, first)
	a.agree(t, first)
	a.loadLimits()
	check(t, a.spool.Append(redact.NewGap(time.Now(), time.Now(), policy.Secret)))
	check(t, a.spool.Cut())
	id := must(a.keys.Identity())
	id.Collector = "127.0.0.1:1" // nobody is there
	ctx, stop := context.WithCancel(t.Context())
	var uploading sync.WaitGroup
	uploading.Go(func() {
		if err := a.upload(ctx, id); err != nil {
			t.Error(err)
		}
	})
	defer uploading.Wait()
	defer stop()
	late := time.After(2 * time.Minute)
	for a.view().Waits == "" {
		select {
		case <-a.news:
		case <-late:
			t.Fatal("the tray says nothing")
		}
	}
	v, st := a.view(), a.status()
	if v.Waits != st.Upload || st.Today.Why != st.Upload {
		t.Errorf("the tray says %q, the page %q, the status %q", v.Waits, st.Today.Why, st.Upload)
	}
	stop()
	uploading.Wait()
	a.cfg.Hold = time.Hour
	if why := a.view().Waits; why != "" {
		t.Errorf("a box whose hold has not passed waits for %q", why)
	}
}

// TestSealOfAnApplicationDropsWhatComesLate: what is on its way of an application that is being forgotten never arrives.
func TestSealOfAnApplicationDropsWhatComesLate(t *testing.T) {
	first := version(5, always)
	a := device(t, first)
	a.agree(t, first)
	if _, err := a.verb(t, "seal", Seal{App: "editor"}); err != nil {
		t.Fatal(err)
	}
	sh := a.shutter.Load()
	if len(sh.spans) != 1 || sh.spans[0].app != "editor" {
		t.Fatalf("%+v", sh)
	}
	gap := redact.NewGap(time.Now().Add(-time.Minute), time.Now().Add(-time.Minute), policy.Secret)
	if a.isForgotten(gap) {
		t.Error("what belongs to no application is dropped, too")
	}
}
