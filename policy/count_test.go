package policy

import "testing"

func TestCount(t *testing.T) {
	for want, got := range map[string]string{
		"0 boxes": Count(0, "box"), "1 box": Count(1, "box"), "2 boxes": Count(uint64(2), "box"), "2 matches": Count(2, "match"),
		"1 old copy": Count(1, "old copy"), "3 old copies": Count(3, "old copy"), "5 actions": Count(int64(5), "action"),
		"1 leaf": Count(1, "leaf"), "0 leaves": Count(0, "leaf"), "1 entry": Count(1, "entry"), "3 entries": Count(3, "entry"), "1 person": Count(1, "person"), "2 people": Count(2, "person"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
