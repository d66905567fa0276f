package agent

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// length is how long each load is measured: a minute for the record, a moment in `make test`, which only proves that it measures.
func length() time.Duration {
	if os.Getenv("BYLEAVE_BENCH") != "" {
		return time.Minute
	}
	return 3 * time.Second
}

// usage is what a process has used since its start.
type usage struct {
	cpu      time.Duration
	switches int64 // voluntary, of all threads: each is a wake-up
	rss      int64
}

func use(pid int) (u usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, f := range fields[11:13] { // utime and stime, proc_pid_stat(5), in ticks of 10 ms
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return u, err
		}
		u.cpu += time.Duration(ticks) * 10 * time.Millisecond
	}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		return u, err
	}
	for _, task := range tasks {
		status, err := os.ReadFile(task)
		if err != nil {
			continue // the thread ended meanwhile
		}
		u.switches += number(string(status), "voluntary_ctxt_switches:")
		u.rss = 1024 * number(string(status), "VmRSS:")
	}
	return u, nil
}

// number reads the number after a word that begins a line.
func number(status, word string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, word); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err == nil {
				return n
			}
		}
	}
	return 0
}

// scene is an agent that records an editor on a quiet desktop, beside more programs of it.
func scene(t *testing.T, programs ...string) (context.Context, *stage.Stage, int) {
	t.Helper()
	return sceneWith(t, nil, programs...)
}

// sceneWith is scene with arguments for the agent.
func sceneWith(t *testing.T, args []string, programs ...string) (context.Context, *stage.Stage, int) {
	t.Helper()
	all := func(ctx context.Context, s *stage.Stage) error { return s.Give(ctx, "all") }
	return sceneOf(t, stage.Options{}, all, args, programs...)
}

// sceneOf is sceneWith with a policy and a consent of its own.
func sceneOf(t *testing.T, opt stage.Options, give func(context.Context, *stage.Stage) error, args []string, programs ...string) (context.Context, *stage.Stage, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	t.Cleanup(cancel)
	d, err := desktop.Start(ctx, desktop.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, d.Close()) })
	opt.Bin, err = filepath.Abs("../../bin")
	check(t, err)
	s, err := stage.Open(ctx, d, opt)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	check(t, give(ctx, s))
	agent, err := s.RunAgent(args...)
	check(t, err)
	t.Cleanup(func() { check(t, agent.Stop()) })
	for _, p := range programs {
		_, err := d.Start(p, "/usr/bin/"+p)
		check(t, err)
	}
	editor, err := d.Start("editor", "/usr/bin/mousepad")
	check(t, err)
	w, err := d.WaitWindow(ctx, "the editor", desktop.OfProcess(editor.Pid))
	check(t, err)
	check(t, d.Place(ctx, w.ID, image.Rect(100, 100, 1500, 1000)))
	check(t, d.Focus(ctx, w.ID))
	check(t, s.Until(ctx, "recording", func(st stage.Status) bool { return st.State == "recording" }))
	return ctx, s, agent.Pid
}

// TestIdle measures the agent while recording is permitted and nothing happens. The last typing is 15 s ago, so that nothing is pending.
func TestIdle(t *testing.T) {
	ctx, _, pid := sceneWith(t, []string{"--pressure", "/proc/pressure/cpu"}) // as it is by default
	rest(ctx, t, length()/4)                                                  // the start is over
	c := measure(ctx, t, []int{pid}, func() { rest(ctx, t, length()) })
	write(t, "idle", []report.Figure{
		{What: "idle: CPU of one core", Value: 100 * c.cpu.Seconds() / c.took.Seconds(), Unit: "%", Goal: 0.005, Better: report.Lower},
		{What: "idle: wake-ups of all threads", Value: float64(c.wakes) / c.took.Seconds(), Unit: "/s", Goal: 0.1, Better: report.Lower},
		{What: "idle: memory (RSS)", Value: float64(c.memory) / 1e6, Unit: "MB", Goal: 40, Better: report.Lower},
	})
}

// TestIdleTray measures the same beside a panel that shows the tray icon.
func TestIdleTray(t *testing.T) {
	ctx, s, pid := scene(t, "xfce4-panel")
	check(t, s.Until(ctx, "the tray icon", func(st stage.Status) bool { return st.Tray == "" }))
	rest(ctx, t, length()/4) // the start is over
	from := at(t, pid)
	began := time.Now()
	rest(ctx, t, length())
	to, took := at(t, pid), time.Since(began).Seconds()
	write(t, "tray", []report.Figure{
		{What: "idle with a tray icon: wake-ups of all threads", Value: float64(to.switches-from.switches) / took, Unit: "/s", Goal: 1, Better: report.Lower},
		{What: "idle with a tray icon: memory (RSS)", Value: float64(to.rss) / 1e6, Unit: "MB", Goal: 40, Better: report.Lower},
	})
}

// leastRecorded is less than the frames of a minute of typing take, and more than its text.
const leastRecorded = 10_000

// TestTyping measures the agent while somebody types 5 keys a second in words, with a pause every 5 s so that each run gets its frames.
func TestTyping(t *testing.T) {
	ctx, s, pid := scene(t)
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	from := at(t, pid)
	began := time.Now()
	for time.Since(began) < length() {
		check(t, hand.Type(ctx, "the quick brown fox jumps ", 200*time.Millisecond))
		rest(ctx, t, time.Second)
	}
	to, took := at(t, pid), time.Since(began).Seconds()
	if length() > time.Minute/2 {
		check(t, s.Until(ctx, "a batch with frames, without which the figure means nothing", func(st stage.Status) bool { return st.Spool.Events > leastRecorded }))
	}
	write(t, "typing", []report.Figure{
		{What: "typing 5 keys/s: CPU of one core", Value: 100 * (to.cpu - from.cpu).Seconds() / took, Unit: "%", Goal: 1.5, Better: report.Lower},
		{What: "typing: memory (RSS)", Value: float64(to.rss) / 1e6, Unit: "MB", Goal: 50, Better: report.Lower},
	})
}

// TestReveal measures a person at work, who types, clicks and opens menus, where all clean lines of pictures may be shown again: the
// agent with the process that reads for it.
func TestReveal(t *testing.T) {
	ctx, s, pid := sceneOf(t, stage.Options{Edit: func(p map[string]any) {
		p["classes"] = append(p["classes"].([]any), "DATA_CLASS_LABELS", "DATA_CLASS_LINES")
	}}, func(ctx context.Context, s *stage.Stage) error {
		_, err := s.AtTerminal(ctx, "yes\n", "consent", "give", "--grant", stage.App+"=pointer,hotkeys,text,frames,elements,labels,lines", "--hours", "all", "--expires", "24h")
		return err
	}, nil)
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	from, began := at(t, pid), time.Now()
	var most usage
	for i := 0; time.Since(began) < max(length(), 6*time.Second); i++ {
		check(t, hand.Type(ctx, [...]string{"the quick brown fox jumps over it\n", "we shall meet again next week\n", "nobody knows the weather of today\n"}[i%3], 150*time.Millisecond))
		rest(ctx, t, time.Second)
		check(t, hand.Click(400+40*(i%5), 400))
		rest(ctx, t, time.Second)
		u := readersOf(t, pid)
		most.cpu, most.rss = max(most.cpu, u.cpu), max(most.rss, u.rss)
	}
	to, took := at(t, pid), time.Since(began).Seconds()
	if most.rss == 0 {
		t.Fatal("nothing was read")
	}
	write(t, "reveal", []report.Figure{
		{What: "working, clean lines shown: CPU of one core, reader included", Value: 100 * (to.cpu - from.cpu + most.cpu).Seconds() / took, Unit: "%", Goal: 15, Better: report.Lower},
		{What: "working, clean lines shown: memory of the readers (RSS)", Value: float64(most.rss) / 1e6, Unit: "MB", Goal: 150, Better: report.Lower},
		{What: "working, clean lines shown: memory of the agent (RSS)", Value: float64(to.rss) / 1e6, Unit: "MB", Goal: 60, Better: report.Lower},
	})
}

// readersOf is what the agent's readers that run have used.
func readersOf(t *testing.T, agent int) (all usage) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", agent))
	check(t, err)
	for _, f := range files {
		list, _ := os.ReadFile(f) // a thread may have ended
		for child := range strings.FieldsSeq(string(list)) {
			pid, err := strconv.Atoi(child)
			check(t, err)
			if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); strings.TrimSpace(string(name)) == "byleave-ocr" {
				if u, err := use(pid); err == nil {
					all.cpu, all.rss = all.cpu+u.cpu, all.rss+u.rss
				}
			}
		}
	}
	return all
}

func at(t *testing.T, pid int) usage {
	t.Helper()
	u, err := use(pid)
	check(t, err)
	return u
}

// rest lets time pass: the load of an idle desktop is time.
func rest(ctx context.Context, t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
}

func write(t *testing.T, name string, figures []report.Figure) {
	t.Helper()
	dir := t.TempDir()
	if os.Getenv("BYLEAVE_BENCH") != "" {
		dir = "../out"
	}
	check(t, report.Write(os.Stdout, dir, name, figures))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
