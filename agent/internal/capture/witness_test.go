package capture

import (
	"testing"
	"testing/synctest"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// TestWitness holds that an application is asked what stands in its window only where lines of pictures may be shown, and at most once
// a second; and that its answer goes with the picture it is about.
func TestWitness(t *testing.T) {
	for _, test := range []struct {
		name    string
		classes policy.Classes
		asked   int32
	}{
		{"all", allClasses, 2},
		{"labels", allClasses.Without(policy.Lines), 2},
		{"neither", allClasses.Without(policy.Lines).Without(policy.Labels), 0},
		{"no frames", allClasses.Without(policy.Frames), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, test.classes)
				w.click(5, 6)
				w.pass(100)
				w.hotkey('s')
				w.pass(3000)
				w.click(7, 8)
				w.pass(3000)
				if err := w.stop(); err != nil {
					t.Fatal(err)
				}
				if n := w.s.asked.Load(); n < test.asked || n > 2*test.asked {
					t.Errorf("asked %d times, want about %d", n, test.asked)
				}
				for i, s := range w.of(raw.Click) {
					if heard := s.Before != nil && s.Before.Said != nil && s.Before.Said.Labels[0].Name == "Save"; heard != (test.asked > 0) {
						t.Errorf("click %d: heard %v", i+1, heard)
					}
				}
			})
		})
	}
}
