package embed

import "testing"

// TestThrongIsToldByTheMean: a group that happens to be small does not make a throng move the log in small parts, nor one that happens to be
// large make a lone device wait for a long move; and what was before the last move counts no more.
func TestThrongIsToldByTheMean(t *testing.T) {
	s := &Store{move: make(chan struct{}, 1)}
	until := func(groups ...int) (pages int) { // that are written when the log is moved, with these groups over and over
		for n := 0; len(s.move) == 0; n++ {
			boxes := groups[n%len(groups)]
			s.wrote(boxes)
			pages += pagesPerGroup + pagesPerBox*boxes
		}
		<-s.move
		return pages
	}
	const group = pagesPerGroup + pagesPerBox*200 // by so many a sum may pass a limit
	for _, c := range []struct {
		who    string
		groups []int
		limit  int
	}{
		{"a lone device", []int{1, 4, 2}, moveSome},
		{"a lone device after a group of others", []int{throng, 1, 4, 1, 2}, moveSome},
		{"a throng", []int{100}, moveEvery},
		{"a throng with small groups in between", []int{100, 1, 60, 2}, moveEvery},
		{"a throng as small as it can be", []int{throng}, moveEvery},
		{"a lone device after a throng", []int{1}, moveSome},
	} {
		if pages := until(c.groups...); pages < c.limit || pages > c.limit+group {
			t.Errorf("%s: the log was moved after %d pages, want %d", c.who, pages, c.limit)
		}
	}
}

// TestMoveThatRunsIsNotAskedFor: while the log is moved, what is written counts for the next move.
func TestMoveThatRunsIsNotAskedFor(t *testing.T) {
	s := &Store{move: make(chan struct{}, 1)}
	s.move <- struct{}{}
	for range moveSome {
		s.wrote(1)
	}
	if s.unmoved.groups != moveSome || s.unmoved.boxes != moveSome {
		t.Errorf("%v is left of %d groups", s.unmoved, moveSome)
	}
	<-s.move
	if s.wrote(1); len(s.move) != 1 || s.unmoved != (unmoved{}) {
		t.Error("the log is not moved once it can be")
	}
}
