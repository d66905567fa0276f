package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var ended = Withdrawal{monday, "test: withdrew"}

func receipt(t *testing.T, withdrawn Withdrawal) Receipt {
	t.Helper()
	p := parsed(t, sample())
	choice := everything(p)
	choice.Grants = map[string]Classes{"editor": Classes(0).With(Pointer).With(Frames)}
	choice.Rand = bytes.NewReader(bytes.Repeat([]byte{7}, 48))
	r, err := NewReceipt(p, given(t, p, choice), withdrawn)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The same consent gives the same bytes, and what was written reads back as it was.
func TestReceiptRoundTrip(t *testing.T) {
	for _, withdrawn := range []Withdrawal{{}, ended} {
		first, err := receipt(t, withdrawn).JSON()
		if err != nil {
			t.Fatal(err)
		}
		second, err := receipt(t, withdrawn).JSON()
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("two receipts of one consent differ (%v)", err)
		}
		back, err := ParseReceipt(first)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(receipt(t, withdrawn), back); d != "" {
			t.Error(d)
		}
	}
}

// What the receipt carries is the signed consent and the notice that was shown; a receipt that was tampered with shows it.
func TestReceiptProvesItself(t *testing.T) {
	p := parsed(t, sample())
	r := receipt(t, Withdrawal{})
	c, err := ParseConsent(r.Record.Signed, public(deviceKey), p)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Notice(p)
	if err != nil || r.Record.Notice.Text != want || c.message.GetNotice() != want {
		t.Errorf("the receipt does not carry the notice that was shown (%v)", err)
	}
	again, err := NewReceipt(p, c, Withdrawal{})
	if err != nil || cmp.Diff(again, r) != "" {
		t.Errorf("the signed consent does not give the receipt again (%v)", err)
	}
}

// Each mandatory field of ISO/IEC TS 27560, by the name that it has in the file, taken out one at a time: refused.
func TestReceiptNeedsEveryMandatoryField(t *testing.T) {
	full, err := receipt(t, ended).JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"dct:conformsTo", "dct:identifier", // schema version, receipt id
		"dpv:hasRecordOfActivity/dct:conformsTo", "dpv:hasRecordOfActivity/dct:identifier", "dpv:hasRecordOfActivity/dct:language",
		"dpv:hasRecordOfActivity/dpv:hasDataSubject/dct:identifier", "dpv:hasRecordOfActivity/dpv:hasNotice/rdf:value",
		"dpv:hasRecordOfActivity/dpv:hasNotice/dct:language", "dpv:hasRecordOfActivity/byleave:signedConsent",
		"dpv:hasRecordOfActivity/dpv:hasProcess", "dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasPurpose",
		"dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasLegalBasis", "dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasPersonalData",
		"dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasPersonalData/0/dct:identifier", "dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasDataController",
		"dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasDataSource", "dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasProcessing",
		"dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasStorageCondition", "dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasStorageCondition/2/dpv:hasDuration",
		"dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasJurisdiction", "dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasRecipient",
		"dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasConsentControl", "dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasRight",
		"dpv:hasRecordOfActivity/dpv:hasProcess/0/dpv:hasAuthority", "dpv:hasRecordOfActivity/dpv:hasEntity",
		"dpv:hasRecordOfActivity/dpv:hasEntity/0/dct:identifier", "dpv:hasRecordOfActivity/dpv:hasEntity/0/dpv:hasName",
		"dpv:hasRecordOfActivity/dpv:hasEntity/0/dpv:hasAddress", "dpv:hasRecordOfActivity/dpv:hasEntity/0/dpv:hasContact",
		"dpv:hasRecordOfActivity/dpv:hasEntity/0/@type", "dpv:hasRecordOfActivity/dpv:hasConsentStatus",
		"dpv:hasRecordOfActivity/dpv:hasConsentStatus/0/@type", "dpv:hasRecordOfActivity/dpv:hasConsentStatus/1/dpv:isIndicatedAtTime",
		"dpv:hasRecordOfActivity/dpv:hasConsentStatus/0/dpv:isIndicatedBy", "dpv:hasRecordOfActivity/dpv:hasConsentStatus/0/dpv:hasIndicationMethod",
		"dpv:hasRecordOfActivity/dpv:hasConsentStatus/0/dct:valid",
	} {
		var tree map[string]any
		if err := json.Unmarshal(full, &tree); err != nil {
			t.Fatal(err)
		}
		without(t, tree, strings.Split(path, "/"))
		b, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseReceipt(b); !errors.As(err, new(ErrInvalid)) {
			t.Errorf("without %s: %v", path, err)
		}
	}
	if _, err := ParseReceipt(bytes.Replace(full, []byte(`"@type"`), []byte(`"more": 1, "@type"`), 1)); !errors.Is(err, ErrEncoding) {
		t.Errorf("an unknown field: %v", err)
	}
}

// without deletes what path leads to and fails if it was not there.
func without(t *testing.T, at any, path []string) {
	t.Helper()
	for i, name := range path {
		switch v := at.(type) {
		case map[string]any:
			if _, ok := v[name]; !ok {
				t.Fatalf("%v is not in the receipt: the test is broken", path)
			}
			if i == len(path)-1 {
				delete(v, name)
				return
			}
			at = v[name]
		case []any:
			at = v[int(name[0]-'0')]
		}
	}
}

// A consent is given, then withdrawn: no other order, and nothing after it.
func TestReceiptStates(t *testing.T) {
	r := receipt(t, ended)
	given, withdrawn := r.Record.Status[0], r.Record.Status[1]
	for _, events := range [][]Event{{}, {withdrawn}, {withdrawn, given}, {given, given}, {given, withdrawn, given}} {
		r.Record.Status = events
		if _, err := r.JSON(); err == nil {
			t.Errorf("accepted: %v", events)
		}
	}
}

func TestReceiptText(t *testing.T) {
	text := receipt(t, ended).Text()
	for _, want := range []string{
		"Given:", "test: yes", "Withdrawn:", "test: withdrew", "Editor", "Agreed:      clicks", "Not agreed:  typed text", "byleave consent withdraw",
		"version 3, sha256", "Example Labs asks to record", "Model House",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the receipt lacks %q:\n%s", want, text)
		}
	}
	if _, err := NewReceipt(parsed(t, sample()), Consent{}, Withdrawal{}); !errors.Is(err, ErrPin) {
		t.Errorf("a receipt of nothing: %v", err)
	}
}
