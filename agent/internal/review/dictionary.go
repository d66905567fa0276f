package review

import (
	"net/http"

	"github.com/byleave/byleave/proto"
)

// dictionary is the page that says what each field is, why it is there, and since when.
func (s *server) dictionary(w http.ResponseWriter, _ *http.Request) {
	d, err := proto.Dictionary()
	if err != nil {
		s.trouble(w, err)
		return
	}
	s.say(w, http.StatusOK, "dictionary", d)
}
