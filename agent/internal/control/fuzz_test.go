package control

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzSocket: whatever comes over the socket, either way, is JSON of a bounded size or refused.
func FuzzSocket(f *testing.F) {
	for _, s := range []string{"", "null", `{"out":{"a":1}}`, `{"error":"no"}`, `{"out":`, `[[[[`, `{"out":"\ud800"}`} {
		f.Add(200, s)
		f.Add(403, s)
	}
	f.Fuzz(func(t *testing.T, code int, s string) {
		r := httptest.NewRequest(http.MethodPost, "/status", strings.NewReader(s))
		if b, err := readBody(httptest.NewRecorder(), r); err == nil && (!json.Valid(b) || len(b) > maxBody) {
			t.Errorf("taken: %q", b)
		}
		var out map[string]any
		if err := readAnswer(code, []byte(s), &out); err == nil && code != http.StatusOK {
			t.Errorf("status %d is taken for a good answer", code)
		}
	})
}
