package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
)

// Each row spoils one field of a valid policy; the error names that field.
func TestInvalidFieldIsNamed(t *testing.T) {
	tests := []struct {
		field string
		spoil func(*pb.Policy)
	}{
		{"version", func(m *pb.Policy) { m.Version = 0 }},
		{"issued_at", func(m *pb.Policy) { m.IssuedAt = 0 }},
		{"issued_at", func(m *pb.Policy) { m.IssuedAt = -5 }},
		{"issued_at", func(m *pb.Policy) { m.IssuedAt = 1 << 62 }},
		{"expires_at", func(m *pb.Policy) { m.ExpiresAt = m.IssuedAt }},
		{"expires_at", func(m *pb.Policy) { m.ExpiresAt = 1 << 62 }},
		{"retention_days", func(m *pb.Policy) { m.RetentionDays = 0 }},
		{"retention_days", func(m *pb.Policy) { m.RetentionDays = 100000 }},
		{"controller.name", func(m *pb.Policy) { m.Controller = nil }},
		{"controller.name", func(m *pb.Policy) { m.Controller.Name = " \t " }},
		{"controller.address", func(m *pb.Policy) { m.Controller.Address = "" }},
		{"controller.contact", func(m *pb.Policy) { m.Controller.Contact = "" }},
		{"purpose.id", func(m *pb.Policy) { m.Purpose = nil }},
		{"purpose.id", func(m *pb.Policy) { m.Purpose.Id = "Training" }},
		{"purpose.id", func(m *pb.Policy) { m.Purpose.Id = "../x" }},
		{"purpose.id", func(m *pb.Policy) { m.Purpose.Id = strings.Repeat("a", 65) }},
		{"purpose.text", func(m *pb.Policy) { m.Purpose.Text = "" }},
		{"legal_basis", func(m *pb.Policy) { m.LegalBasis = "" }},
		{"legal_basis", func(m *pb.Policy) { m.LegalBasis = strings.Repeat("x", maxText+1) }},
		{"after_export.human_review", func(m *pb.Policy) { m.AfterExport = nil }},
		{"after_export.publication", func(m *pb.Policy) { m.AfterExport.Publication = "" }},
		{"after_export.labelled_by", func(m *pb.Policy) { m.AfterExport.LabelledBy = "\x1b[2K" }},
		{"compensation", func(m *pb.Policy) { m.Compensation = "" }},
		{"compensation", func(m *pb.Policy) { m.Compensation = "40 EUR\rNothing" }},
		{"refusal", func(m *pb.Policy) { m.Refusal = "" }},
		{"refusal", func(m *pb.Policy) { m.Refusal = "noth\u202eing" }},
		{"refusal", func(m *pb.Policy) { m.Refusal = "you are fired\u2066" }},
		{"authority", func(m *pb.Policy) { m.Authority = "a\u200bb" }},
		{"authority", func(m *pb.Policy) { m.Authority = "" }},
		{"language", func(m *pb.Policy) { m.Language = "" }},
		{"language", func(m *pb.Policy) { m.Language = "English, please" }},
		{"jurisdiction", func(m *pb.Policy) { m.Jurisdiction = "" }},
		{"custodians", func(m *pb.Policy) { m.Custodians = nil }},
		{"custodian 1: name", func(m *pb.Policy) { m.Custodians[0].Name = "" }},
		{"custodian 2: public_key", func(m *pb.Policy) { m.Custodians[1].PublicKey = m.Custodians[1].PublicKey[1:] }},
		{"custodian 2: public_key", func(m *pb.Policy) { m.Custodians[1].PublicKey = m.Custodians[0].PublicKey }},
		{"custodian 1: public_key", func(m *pb.Policy) { m.Custodians[0].PublicKey = []byte(strings.Repeat("\xff", keySize)) }},
		{"application 1: id", func(m *pb.Policy) { m.Applications[0].Id = "" }},
		{"application 2: id", func(m *pb.Policy) { m.Applications[1].Id = "editor" }},
		{"application 2: name", func(m *pb.Policy) { m.Applications[1].Name = "" }},
		{"application 2: wm_class", func(m *pb.Policy) { m.Applications[1].WmClass = "" }},
		{"application 1: executables", func(m *pb.Policy) { m.Applications[0].Executables = nil }},
		{"application 1: executable 1", func(m *pb.Policy) { m.Applications[0].Executables[0] = "mousepad" }},
		{"application 1: executable 1", func(m *pb.Policy) { m.Applications[0].Executables[0] = "/usr/bin/../../tmp/mousepad" }},
		{"application 1: executable 2", func(m *pb.Policy) { m.Applications[0].Executables[1] = m.Applications[0].Executables[0] }},
		{"application 2: title_pattern 1", func(m *pb.Policy) { m.Applications[1].TitlePatterns[0] = "(" }},
		{"application 2: title_pattern 1", func(m *pb.Policy) { m.Applications[1].TitlePatterns[0] = "" }},
		{"application 2: title_pattern 1", func(m *pb.Policy) { m.Applications[1].TitlePatterns[0] = "a)|(?:.*" }},
		{"application 2: title_pattern 1", func(m *pb.Policy) { m.Applications[1].TitlePatterns[0] = `\Qa` }},
		{"application 2: title_pattern 1", func(m *pb.Policy) { m.Applications[1].TitlePatterns[0] = "(?=a)" }},
		{"application 2: title_pattern 1", func(m *pb.Policy) { m.Applications[1].TitlePatterns[0] = strings.Repeat("a", maxPattern+1) }},
		{"application 2: title_pattern 2", func(m *pb.Policy) { m.Applications[1].TitlePatterns[1] = "Work" }},
		{"applications", func(m *pb.Policy) {
			for range maxApplications {
				m.Applications = append(m.Applications, m.Applications[0])
			}
		}},
		{"class 2", func(m *pb.Policy) { m.Classes = []pb.DataClass{1, 0} }},
		{"class 2", func(m *pb.Policy) { m.Classes = []pb.DataClass{1, 8} }},
		{"class 2", func(m *pb.Policy) { m.Classes = []pb.DataClass{1, 257} }},
		{"class 1", func(m *pb.Policy) { m.Classes = []pb.DataClass{-1} }},
		{"class 3", func(m *pb.Policy) { m.Classes = []pb.DataClass{1, 2, 1} }},
		{"hour 1: weekdays", func(m *pb.Policy) { m.Hours[0].Weekdays = nil }},
		{"hour 1: weekdays", func(m *pb.Policy) { m.Hours[0].Weekdays = []uint32{7} }},
		{"hour 1: weekdays", func(m *pb.Policy) { m.Hours[0].Weekdays = []uint32{1, 1} }},
		{"hour 2: end_second", func(m *pb.Policy) { m.Hours[1].EndSecond = m.Hours[1].StartSecond }},
		{"hour 2: end_second", func(m *pb.Policy) { m.Hours[1].StartSecond, m.Hours[1].EndSecond = 80000, 3600 }},
		{"hour 2: end_second", func(m *pb.Policy) { m.Hours[1].EndSecond = 86401 }},
		{"hours", func(m *pb.Policy) {
			for range maxHours {
				m.Hours = append(m.Hours, m.Hours[0])
			}
		}},
		{"redaction pattern 2", func(m *pb.Policy) { m.Redaction.Patterns[1] = "[" }},
		{"redaction pattern 2", func(m *pb.Policy) { m.Redaction.Patterns[1] = "(x{1000}){1000}" }},
		{"redaction term 1", func(m *pb.Policy) { m.Redaction.Terms[0] = "" }},
		{"redaction terms", func(m *pb.Policy) { m.Redaction.Terms = make([]string, maxRules+1) }},
		{"exclusion 1: name", func(m *pb.Policy) { m.Exclusions[0].Name = "" }},
		{"exclusion 1: wm_class", func(m *pb.Policy) { m.Exclusions[0].TitlePattern = "" }},
		{"exclusion 1: title_pattern", func(m *pb.Policy) { m.Exclusions[0].TitlePattern = "*" }},
		{"exclusion 1: title_pattern", func(m *pb.Policy) { m.Exclusions[0].TitlePattern = strings.Repeat("a", maxPattern+1) }},
		{"exclusion 2: executable", func(m *pb.Policy) { m.Exclusions[1].Executable = "/usr/bin/slack" }},
		{"exclusions", func(m *pb.Policy) { m.Exclusions = make([]*pb.Exclusion, maxRules+1) }},
	}
	for _, tt := range tests {
		t.Run(tt.field, func(t *testing.T) {
			m := sample()
			tt.spoil(m)
			_, err := Sign(encode(t, m), policyKey)
			var bad ErrInvalid
			if !errors.As(err, &bad) || bad.Field != tt.field {
				t.Fatalf("got %v, want an error about %s", err, tt.field)
			}
			sentence(t, err, "policy: "+tt.field+" ")
		})
	}
}

// A policy that allows nothing is how an operator takes everything back: it must stay signable.
func TestPolicyThatAllowsNothing(t *testing.T) {
	m := sample()
	m.Applications, m.Classes, m.Hours, m.Budgets, m.Redaction, m.Exclusions = nil, nil, nil, nil, nil, nil
	p := parsed(t, m)
	if p.BytesPerDay() != DefaultBytesPerDay || p.Offered() != 0 {
		t.Errorf("budget %d, classes %v", p.BytesPerDay(), p.Offered())
	}
}

// Joiners are ordinary spelling; refusing them would refuse whole languages.
func TestJoinersAreText(t *testing.T) {
	m := sample()
	m.Purpose.Text = "می\u200cخواهیم"
	parsed(t, m)
}
