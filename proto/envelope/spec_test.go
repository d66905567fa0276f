package envelope_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/envelope"
)

// TestSpecSizes: the figures of SPEC.md are those of the code.
func TestSpecSizes(t *testing.T) {
	spec, err := os.ReadFile("../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	size := map[int]int{}
	for _, n := range []int{1, 2, envelope.MaxCustodians} {
		p := newParties(t, n)
		b := sealBytes(t, p.params(), marshal(t, samplePayload()))
		size[n] = len(b.Bytes())
		if n == 1 {
			_, capsules, _ := b.Parts()
			size[0] = len(capsules)
		}
	}
	largest := 512<<10 + 8*16 - (8<<10 + 16) // what the last bucket has more than the first
	for what, want := range map[string]int{
		"header": envelope.HeaderSize, "capsules, 1 custodian": size[0], "each further custodian": size[2] - size[1],
		"smallest box, 1 custodian": size[1], "largest box, 1 custodian": size[1] + largest,
		"largest box, 64 custodians": size[envelope.MaxCustodians] + largest,
	} {
		if line := fmt.Sprintf("| %s | %d |", what, want); !strings.Contains(string(spec), line) {
			t.Errorf("SPEC.md lacks the line %q", line)
		}
	}
	if size[envelope.MaxCustodians]+largest > envelope.MaxSize {
		t.Error("the largest box is larger than a box may be")
	}
}
