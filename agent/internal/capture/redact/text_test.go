package redact

import "testing"

func TestTypedText(t *testing.T) {
	for _, c := range []struct{ name, typed, want string }{
		{"prose", "Dear all, the report is late.\n", "Dear all, the report is late.\n\n"},
		{"name", "Dear Anna, the report is late.\n", "Dear <PERSON#1>, the report is late.\n\n"},
		{"ssn", "my ssn is 123-45-6789 ok\n", "my ssn is <SSN#1> ok\n\n"},
		{"card", "pay 4539 1488 0343 6467 now\n", "pay <CARD#1> now\n\n"},
		{"email", "write to jane.doe@example.com soon\n", "write to <EMAIL#1> soon\n\n"},
		{"aws", "key AKIAIOSFODNN7EXAMPLF end\n", "key <SECRET#1> end\n\n"},
		{"typos", "pay 4539 1489\b8 0343 64677\b now\n", "pay <CARD#1> now\n\n"},
		{"deleted", "123-45-6789\b\b\b\b\b ok\n", "<SSN#1> ok\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRedactor(t)
			got := nets(append(typeText(t, r, c.typed), r.Flush()...))
			if got != c.want {
				t.Errorf("typed %q\n got %q\nwant %q", c.typed, got, c.want)
			}
		})
	}
}
