package policy

import (
	"crypto/hpke"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode"

	"github.com/byleave/byleave/proto/pb"
)

// Bounds of the lists and texts of a policy. They keep a notice readable and a match cheap.
const (
	maxText         = 2000 // bytes of a text for people
	maxPattern      = 512  // bytes of one regular expression
	maxApplications = 200
	maxPerApp       = 32 // executables, and title patterns, of one application
	maxCustodians   = 16
	maxHours        = 100
	maxRules        = 500     // redaction patterns, redaction terms, exclusions: each
	maxRetention    = 3650    // days
	maxUnix         = 1 << 36 // the year 4147: time arithmetic stays exact
	keySize         = 1216    // MLKEM768X25519
)

var (
	idShape       = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	languageShape = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$`)
	windowsPath   = regexp.MustCompile(`^[A-Za-z]:\\`)
	// byTheFrame is pay that grows with what is recorded. It would put a price on every pause and every deletion.
	byTheFrame = regexp.MustCompile(`(?i)\b(per|by the|for (each|every)|each|every) (frame|picture|screenshot|click|key|keystroke|action|step|batch|box)s?\b`)
)

// IsID tells whether a policy can call a purpose or an application so.
func IsID(s string) bool { return idShape.MatchString(s) }

// checkPolicy tells the first field that makes no sense. Lists that allow something may be empty: such a policy allows
// less, in the end nothing.
func checkPolicy(m *pb.Policy) error {
	for _, check := range []func(*pb.Policy) error{
		checkTimes, checkTexts, checkCustodians, checkApplications, checkClassList,
		func(m *pb.Policy) error { return checkHours("policy", m.GetHours()) },
		checkRedaction, checkExclusions,
	} {
		if err := check(m); err != nil {
			return err
		}
	}
	return nil
}

func invalid(field, format string, args ...any) error {
	return ErrInvalid{"policy", field, fmt.Sprintf(format, args...)}
}

func checkTimes(m *pb.Policy) error {
	switch {
	case m.GetVersion() == 0:
		return invalid("version", "is 0; count policies of one controller from 1")
	case m.GetIssuedAt() <= 0 || m.GetIssuedAt() > maxUnix:
		return invalid("issued_at", "is no Unix second; write when the policy was made")
	case m.GetExpiresAt() <= m.GetIssuedAt() || m.GetExpiresAt() > maxUnix:
		return invalid("expires_at", "is not after issued_at; write when the policy ends")
	case m.GetRetentionDays() == 0 || m.GetRetentionDays() > maxRetention:
		return invalid("retention_days", "is %d; it must lie between 1 and %d", m.GetRetentionDays(), maxRetention)
	}
	return nil
}

// mandatory lists the texts without which no notice can be written, with their paths.
func mandatory(m *pb.Policy) [][2]string {
	return [][2]string{
		{"controller.name", m.GetController().GetName()},
		{"controller.address", m.GetController().GetAddress()},
		{"controller.contact", m.GetController().GetContact()},
		{"purpose.id", m.GetPurpose().GetId()},
		{"purpose.text", m.GetPurpose().GetText()},
		{"legal_basis", m.GetLegalBasis()},
		{"after_export.human_review", m.GetAfterExport().GetHumanReview()},
		{"after_export.publication", m.GetAfterExport().GetPublication()},
		{"compensation", m.GetCompensation()},
		{"refusal", m.GetRefusal()},
		{"authority", m.GetAuthority()},
		{"language", m.GetLanguage()},
		{"jurisdiction", m.GetJurisdiction()},
	}
}

func checkTexts(m *pb.Policy) error {
	for _, f := range mandatory(m) {
		if err := checkText("policy", f[0], f[1]); err != nil {
			return err
		}
	}
	if m.GetAfterExport().GetLabelledBy() != "" {
		if err := checkText("policy", "after_export.labelled_by", m.GetAfterExport().GetLabelledBy()); err != nil {
			return err
		}
	}
	if byTheFrame.MatchString(m.GetCompensation()) {
		return invalid("compensation", "pays by what is recorded; pay for taking part, so that a pause or a deletion costs nothing")
	}
	if !IsID(m.GetPurpose().GetId()) {
		return invalid("purpose.id", "is not 1 to 64 of a-z, 0-9 and '-'; choose such a word")
	}
	if !languageShape.MatchString(m.GetLanguage()) {
		return invalid("language", "is no BCP 47 tag; write for example \"en\" or \"de-AT\"")
	}
	return nil
}

// checkText refuses a text that a person could not read as it stands: empty, too long, or with characters that move the
// cursor, colour the terminal or turn the direction of writing, and so could hide what the notice says.
func checkText(room, field, s string) error {
	if strings.TrimSpace(s) == "" {
		return ErrInvalid{room, field, "is empty; the person must be told"}
	}
	if len(s) > maxText {
		return ErrInvalid{room, field, fmt.Sprintf("has %d bytes; at most %d are read by anybody", len(s), maxText)}
	}
	for _, r := range s {
		if r == '\u200c' || r == '\u200d' {
			continue // joiners: ordinary spelling in Persian, Hindi and others
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar {
			return ErrInvalid{room, field, fmt.Sprintf("holds the invisible character U+%04X; take it out", r)}
		}
	}
	return nil
}

func checkCustodians(m *pb.Policy) error {
	if n := len(m.GetCustodians()); n == 0 || n > maxCustodians {
		return invalid("custodians", "has %d entries; name 1 to %d holders of an export key", n, maxCustodians)
	}
	seen := map[string]bool{}
	for i, c := range m.GetCustodians() {
		where := fmt.Sprintf("custodian %d: ", i+1)
		if err := checkText("policy", where+"name", c.GetName()); err != nil {
			return err
		}
		if len(c.GetPublicKey()) != keySize {
			return invalid(where+"public_key", "has %d bytes; an MLKEM768X25519 key has %d: make one with "+
				"`byleave-collector custodian new`", len(c.GetPublicKey()), keySize)
		}
		if _, err := hpke.MLKEM768X25519().NewPublicKey(c.GetPublicKey()); err != nil {
			return invalid(where+"public_key", "is no MLKEM768X25519 key; copy it again")
		}
		if seen[string(c.GetPublicKey())] {
			return invalid(where+"public_key", "stands twice; two custodians need two keys")
		}
		seen[string(c.GetPublicKey())] = true
	}
	return nil
}

func checkApplications(m *pb.Policy) error {
	if n := len(m.GetApplications()); n > maxApplications {
		return invalid("applications", "has %d entries; at most %d are read", n, maxApplications)
	}
	seen := map[string]bool{}
	for i, a := range m.GetApplications() {
		where := fmt.Sprintf("application %d: ", i+1)
		if !IsID(a.GetId()) {
			return invalid(where+"id", "is not 1 to 64 of a-z, 0-9 and '-'; choose such a word")
		}
		if seen[a.GetId()] {
			return invalid(where+"id", "stands twice; give each application its own")
		}
		seen[a.GetId()] = true
		if err := checkText("policy", where+"name", a.GetName()); err != nil {
			return err
		}
		if err := checkText("policy", where+"wm_class", a.GetWmClass()); err != nil {
			return err
		}
		if err := checkExecutables(where, a.GetExecutables()); err != nil {
			return err
		}
		if err := checkPatterns(where+"title_pattern", a.GetTitlePatterns(), maxPerApp); err != nil {
			return err
		}
	}
	return nil
}

func checkExecutables(where string, list []string) error {
	if len(list) == 0 || len(list) > maxPerApp {
		return invalid(where+"executables", "has %d entries; name 1 to %d absolute paths", len(list), maxPerApp)
	}
	seen := map[string]bool{}
	for j, e := range list {
		field := fmt.Sprintf("%sexecutable %d", where, j+1)
		if err := checkText("policy", field, e); err != nil {
			return err
		}
		if !windowsPath.MatchString(e) && (!path.IsAbs(e) || path.Clean(e) != e) {
			return invalid(field, "is no clean absolute path; write for example /usr/bin/mousepad")
		}
		if seen[e] {
			return invalid(field, "stands twice; take one out")
		}
		seen[e] = true
	}
	return nil
}

func checkPatterns(field string, list []string, most int) error {
	if len(list) > most {
		return invalid(field+"s", "has %d entries; at most %d are read", len(list), most)
	}
	seen := map[string]bool{}
	for j, p := range list {
		at := fmt.Sprintf("%s %d", field, j+1)
		switch {
		case p == "":
			return invalid(at, "is empty; write a regular expression or take it out")
		case len(p) > maxPattern:
			return invalid(at, "has %d bytes; at most %d are read", len(p), maxPattern)
		case seen[p]:
			return invalid(at, "stands twice; take one out")
		}
		seen[p] = true
		if err := checkText("policy", at, p); err != nil {
			return err // the notice shows title patterns
		}
		if _, err := anchored(p); err != nil {
			return invalid(at, "is no RE2 regular expression; see https://github.com/google/re2/wiki/Syntax")
		}
	}
	return nil
}

func checkClassList(m *pb.Policy) error { return checkClasses("policy", "", m.GetClasses()) }

func checkClasses(room, where string, list []pb.DataClass) error {
	var seen Classes
	for i, c := range list {
		field := fmt.Sprintf("%sclass %d", where, i+1)
		if c < pb.DataClass(Pointer) || c > pb.DataClass(Lines) {
			return ErrInvalid{room, field, fmt.Sprintf("has the unknown value %d; the classes are 1 to %d", c, Lines)}
		}
		if seen.Has(Class(c)) {
			return ErrInvalid{room, field, "stands twice; take one out"}
		}
		seen = seen.With(Class(c))
	}
	return nil
}

func checkHours(room string, list []*pb.Hours) error {
	if len(list) > maxHours {
		return ErrInvalid{room, "hours", fmt.Sprintf("has %d entries; at most %d are read", len(list), maxHours)}
	}
	for i, h := range list {
		where := fmt.Sprintf("hour %d: ", i+1)
		if len(h.GetWeekdays()) == 0 {
			return ErrInvalid{room, where + "weekdays", "is empty; name days from 0 (Sunday) to 6"}
		}
		seen := map[uint32]bool{}
		for _, d := range h.GetWeekdays() {
			if d > 6 || seen[d] {
				return ErrInvalid{room, where + "weekdays", "names no day or one day twice; name days from 0 (Sunday) to 6, each once"}
			}
			seen[d] = true
		}
		if h.GetEndSecond() > 86400 || h.GetStartSecond() >= h.GetEndSecond() {
			return ErrInvalid{room, where + "end_second", "is not after start_second within one day; a span over midnight is written as two"}
		}
	}
	return nil
}

func checkRedaction(m *pb.Policy) error {
	if err := checkPatterns("redaction pattern", m.GetRedaction().GetPatterns(), maxRules); err != nil {
		return err
	}
	terms := m.GetRedaction().GetTerms()
	if len(terms) > maxRules {
		return invalid("redaction terms", "has %d entries; at most %d are read", len(terms), maxRules)
	}
	for i, t := range terms {
		if err := checkText("policy", fmt.Sprintf("redaction term %d", i+1), t); err != nil {
			return err
		}
	}
	return nil
}

func checkExclusions(m *pb.Policy) error {
	if n := len(m.GetExclusions()); n > maxRules {
		return invalid("exclusions", "has %d entries; at most %d are read", n, maxRules)
	}
	for i, x := range m.GetExclusions() {
		where := fmt.Sprintf("exclusion %d: ", i+1)
		if err := checkText("policy", where+"name", x.GetName()); err != nil {
			return err
		}
		if x.GetWmClass() == "" && x.GetExecutable() == "" && x.GetTitlePattern() == "" {
			return invalid(where+"wm_class", "is empty, as are executable and title_pattern; name at least one")
		}
		if strings.ContainsAny(x.GetExecutable(), `/\`) {
			return invalid(where+"executable", "is a path; write the base name alone")
		}
		if len(x.GetTitlePattern()) > maxPattern {
			return invalid(where+"title_pattern", "has %d bytes; at most %d are read", len(x.GetTitlePattern()), maxPattern)
		}
		if _, err := anywhere(x.GetTitlePattern()); err != nil {
			return invalid(where+"title_pattern", "is no RE2 regular expression; see https://github.com/google/re2/wiki/Syntax")
		}
	}
	return nil
}
