package policy

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func templateWithKey() string {
	return strings.Replace(string(Template()), `"public_key": ""`, `"public_key": "`+base64.StdEncoding.EncodeToString(custodianKeys()[0])+`"`, 1)
}

// The printed example is complete: with a key in it, it signs, parses, gives a notice and a consent.
func TestTemplateWorks(t *testing.T) {
	body, err := FromJSON([]byte(templateWithKey()))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := Sign(body, policyKey)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(signed, public(policyKey))
	if err != nil {
		t.Fatal(err)
	}
	r := rules(t, p, p, given(t, p, everything(p)))
	if app, why := r.Match(Window{Class: "Mousepad", Executable: "/usr/bin/mousepad", Title: "a.txt"}); app != "editor" || why != Allowed {
		t.Errorf("Match = %q, %v", app, why)
	}
	again, err := FromJSON([]byte(templateWithKey()))
	if err != nil || string(again) != string(body) {
		t.Errorf("the same text gave other bytes (%v)", err)
	}
}

func TestFromJSONRefuses(t *testing.T) {
	good := templateWithKey()
	with := func(old, new string) string {
		s := strings.Replace(good, old, new, 1)
		if s == good {
			panic("the template lacks " + old)
		}
		return s
	}
	tests := []struct {
		name, text string
		is         error
		words      string
	}{
		{"no key", string(Template()), nil, "custodian 1: public_key has 0 bytes"},
		{"unknown name", with(`"refusal"`, `"screenshots_of_everything"`), ErrUnknownField, `"screenshots_of_everything"`},
		{"unknown name inside", with(`"wm_class": "Mousepad"`, `"wm_class": "Mousepad", "keylog": true`), ErrUnknownField, `"keylog"`},
		{"a name twice", with(`"version": "1"`, `"version": "1", "version": "2"`), ErrEncoding, "duplicate"},
		{"unknown class", with("DATA_CLASS_TEXT", "DATA_CLASS_SOUND"), ErrEncoding, "classes"},
		{"a class by an unknown number", with(`"DATA_CLASS_TEXT"`, `9`), nil, "class 3 has the unknown value 9"},
		{"negative number", with(`"retention_days": 90`, `"retention_days": -1`), ErrEncoding, "retentionDays"},
		{"text after the end", good + "{}", ErrEncoding, "policy: "},
		{"nothing", "", ErrSize, "0 bytes"},
		{"too much", strings.Repeat(" ", 4*MaxPolicy+1), ErrSize, "bytes"},
		{"a password manager", with("/usr/bin/mousepad", "/usr/bin/keepassxc"), nil, "application 1 is a password manager"},
		{"a prompt by class", with(`"wm_class": "Thunar"`, `"wm_class": "Zenity"`), nil, "application 2 is a prompt for a secret"},
		{"the agent itself", with("/usr/bin/thunar", "/usr/bin/byleave"), nil, "application 2 is the agent's own windows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := FromJSON([]byte(tt.text))
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			sentence(t, err, tt.words)
		})
	}
}

func TestTemplateIsACopy(t *testing.T) {
	clear(Template())
	if !strings.Contains(string(Template()), "controller") {
		t.Error("a caller changed the template")
	}
}
