package power

import "testing"

// TestProfiles: what the computer says decides what the agent may cost, and a worse word never makes it cost more.
func TestProfiles(t *testing.T) {
	for s, want := range map[State]Profile{
		{}: Mains, {Charge: 5}: Mains, {Metered: true, Network: "Phone"}: Mains, {Busy: true}: Saver, {Battery: true, Charge: 80}: Battery,
		{Battery: true, Charge: 30}: Battery, {Battery: true, Charge: 29}: Saver, {Battery: true}: Saver, {Battery: true, Charge: 80, Busy: true}: Saver,
	} {
		if got, why := s.Profile(); got != want || why == "" {
			t.Errorf("%+v: %v, %q, want %v", s, got, why, want)
		}
	}
	for p := Mains; p < Saver; p++ {
		if p.Pictures() >= (p+1).Pictures() || !p.Reveals() {
			t.Errorf("%v spares no less than %v", p+1, p)
		}
	}
	if Saver.Reveals() || Saver.String() != "saver" {
		t.Error("the saver reveals")
	}
}
