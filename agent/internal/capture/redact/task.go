package redact

import (
	"strings"
	"time"

	"github.com/byleave/byleave/proto/pb"
)

// mostTask is how long the words of a task may be, in bytes.
const mostTask = 1 << 10

// Task is what the person says that they are doing, typed on purpose; at is in whole seconds. The words pass the engine like a typed
// text: what must not leave stands as a token. Only a task that begins has words.
func (r *Redactor) Task(at time.Time, step pb.TaskStep, words string) Event {
	t := &pb.Task{Step: step}
	if step == pb.TaskStep_TASK_STEP_STARTED {
		t.Text = r.taskWords(words)
	}
	at = at.Truncate(coarse)
	if at.Before(r.last) {
		at = r.last
	}
	r.last = at
	return Event{at: at, until: at, task: t}
}

// taskWords is one line, bounded and redacted.
func (r *Redactor) taskWords(words string) string {
	words = strings.Join(strings.Fields(plain(words)), " ")
	cut := len(words) > mostTask
	if cut { // what was cut in two would not be found: its last word goes
		words = words[:strings.LastIndexByte(words[:mostTask], ' ')+1]
	}
	if Disconnected {
		return words
	}
	return r.redact([]byte(words))
}
