package policy

import (
	"testing"
	"time"
)

func TestRemindAt(t *testing.T) {
	p := parsed(t, sample())
	for length, before := range map[time.Duration]time.Duration{
		10 * time.Hour: time.Hour, 24 * time.Hour: 144 * time.Minute, 60 * 24 * time.Hour: 3 * 24 * time.Hour,
	} {
		choice := everything(p)
		choice.Expires = choice.Now.Add(length)
		if c := given(t, p, choice); !c.RemindAt().Equal(c.Expires().Add(-before)) {
			t.Errorf("a consent of %v reminds at %v, ends at %v", length, c.RemindAt(), c.Expires())
		}
	}
	if !(Consent{}).RemindAt().IsZero() {
		t.Error("nothing reminds")
	}
}
