package policy

import (
	"fmt"
	"strings"
)

// Text is the receipt for reading: what was agreed, by which gesture, how to end it, and the notice word for word.
func (r Receipt) Text() string {
	var b strings.Builder
	c := r.Record
	fmt.Fprintf(&b, "CONSENT RECEIPT\n\n")
	line := func(label, text string) { fmt.Fprintf(&b, "  %-14s %s\n", label+":", Inert(text)) }
	for _, e := range c.Status {
		line(map[string]string{givenState: "Given", endState: "Withdrawn"}[e.Type[0]], e.Time+" ("+e.Method+")")
	}
	if len(c.Status) == 1 {
		line("Ends by itself", c.Status[0].Until)
	}
	for _, p := range c.Process {
		fmt.Fprintf(&b, "\n  %s\n", Inert(p.Service))
		for _, d := range p.Data {
			line("  Agreed", d.Label)
		}
		for _, d := range p.Refused {
			line("  Not agreed", d.Label)
		}
		for _, h := range p.Hours {
			line("  Hours", h)
		}
	}
	b.WriteString("\n")
	line("To end it", c.Process[0].Control[0].How)
	line("Receipt", r.ID)
	line("Consent", c.ID)
	line("You are", c.Subject.ID+" (a random number, not your name)")
	line("Policy", fmt.Sprintf("version %d, sha256 %s", c.Policy.Version, c.Policy.SHA256))
	if r.Erasure != "" {
		line("Erasure code", r.Erasure)
	}
	fmt.Fprintf(&b, "\n\nTHE NOTICE THAT YOU WERE SHOWN\n\n%s", c.Notice.Text)
	return b.String()
}
