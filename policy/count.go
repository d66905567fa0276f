package policy

import (
	"fmt"
	"strings"
)

// Count is a number of things in words: 1 box, 2 boxes.
func Count[N int | int64 | uint64](n N, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "person"):
		return fmt.Sprintf("%d %speople", n, strings.TrimSuffix(noun, "person"))
	case strings.HasSuffix(noun, "x") || strings.HasSuffix(noun, "ch"):
		noun += "e"
	case strings.HasSuffix(noun, "copy") || strings.HasSuffix(noun, "entry"):
		noun = strings.TrimSuffix(noun, "y") + "ie"
	case strings.HasSuffix(noun, "leaf"):
		noun = strings.TrimSuffix(noun, "f") + "ve"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
