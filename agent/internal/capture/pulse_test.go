package capture

import (
	"testing"
	"testing/synctest"

	"github.com/byleave/byleave/policy"
	"github.com/google/go-cmp/cmp"
)

// TestHungApplication holds that text waits for proof that its application answers: else a password field that is told
// too late would give its keys away. One that only was slow costs nothing.
func TestHungApplication(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(w *world)
		want []string
	}{
		{"it tells a password field later than it may be late", func(w *world) {
			w.typed("hunter2")
			w.pass(3000)
			w.leaf(password)
		}, []string{gap(policy.Blind), gap(policy.Secret)}},
		{"it goes on, and has nothing to tell", func(w *world) {
			w.typed("slowly")
			w.pass(1000)
			w.s.goOn()
		}, []string{"text slowly"}},
		{"it goes on and tells a password field before it answers", func(w *world) {
			w.typed("hunter2")
			w.pass(1000)
			w.leaf(password)
			w.s.goOn()
		}, []string{gap(policy.Secret)}},
		{"it goes on, answers, and tells a password field when it has worked its keys off", func(w *world) {
			w.typed("hunter2")
			w.pass(1000)
			w.s.goOn()
			w.pass(140)
			w.leaf(password)
		}, []string{gap(policy.Secret)}},
		{"it goes on and tells another field: nobody knows which had the keys", func(w *world) {
			w.typed("where")
			w.pass(1000)
			w.s.goOn()
			w.leaf(otherField)
		}, []string{gap(policy.Blind)}},
		{"it goes on for a moment only", func(w *world) {
			w.typed("hunter2")
			w.pass(800)
			w.s.goOn()
			w.pass(100)
			w.s.hang()
			w.pass(3000)
			w.leaf(password)
		}, []string{gap(policy.Blind), gap(policy.Secret)}},
		{"what goes on after it was given up is given up", func(w *world) {
			for range 10 {
				w.typed("hunter2")
			}
			w.s.goOn()
			w.typed("goes on")
			w.pass(1000)
			w.typed("work")
		}, []string{gap(policy.Blind), "text work"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, allClasses)
				w.s.hang()
				test.do(w)
				w.pass(3000)
				if err := w.stop(); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(test.want, w.said()); d != "" {
					t.Errorf("steps differ (-want +got):\n%s", d)
				}
			})
		})
	}
}
