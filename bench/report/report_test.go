package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteTellsMissedFromMet(t *testing.T) {
	dir := t.TempDir()
	var table bytes.Buffer
	figures := []Figure{
		{What: "fast", Value: 1, Unit: "ms", Goal: 2, Better: Lower},
		{What: "slow", Value: 3, Unit: "ms", Goal: 2, Better: Lower},
		{What: "many", Value: 3, Unit: "/s", Goal: 2, Better: Higher},
		{What: "beside", Value: 1, Unit: "s", Goal: 2, Better: Lower, Peers: map[string]float64{"b": 4.5, "a": 3}},
		{What: "told", Value: 7, Unit: "s", Better: HigherNoGoal},
	}
	if err := Write(&table, dir, "x", figures); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(table.String()), "\n")
	for i, word := range []string{"", "met", "MISSED", "met", "met  a 3, b 4.5", "7 s"} {
		if !strings.HasSuffix(strings.TrimRight(lines[i], " "), word) {
			t.Errorf("line %q must end with %q", lines[i], word)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "x.json"))
	if err != nil {
		t.Fatal(err)
	}
	var back []Figure
	if err := json.Unmarshal(b, &back); err != nil || len(back) != 5 || back[1].Value != 3 {
		t.Fatalf("read back %v, %v", back, err)
	}
	var raw []map[string]any
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		better string
		goal   any
	}{{"lower", 2.0}, {"lower", 2.0}, {"higher", 2.0}, {"lower", 2.0}, {"higher", nil}} {
		if goal, ok := raw[i]["goal"]; raw[i]["better"] != want.better || goal != want.goal || !ok {
			t.Errorf("%v is written with better %v and goal %v", raw[i]["what"], raw[i]["better"], goal)
		}
	}
}
