package policy

import (
	"bytes"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// seeds are bodies from which fuzzing starts: a whole message, parts, and the shapes of known trouble.
func seeds(f *testing.F, whole []byte) {
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{})
	f.Add([]byte{0x08, 0x83, 0x00})
	f.Add(append(bytes.Clone(whole), unknown...))
	f.Add([]byte("\x6a\x03(?:"))
}

// Whatever is signed, Parse never panics, and what it takes gives a notice and the same bytes again.
func FuzzParse(f *testing.F) {
	seeds(f, encode(f, sample()))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Parse(forged(t, body), public(policyKey))
		if _, direct := Parse(body, public(policyKey)); direct == nil {
			t.Fatal("unsigned bytes were taken")
		}
		if err != nil {
			return
		}
		if _, err := Notice(p); err != nil {
			t.Errorf("a policy without a notice: %v", err)
		}
		if again := encode(t, p.Message()); len(again) != len(body) {
			t.Error("the bytes have two readings")
		}
		if err := Narrower(p, p); err != nil {
			t.Errorf("a policy is wider than itself: %v", err)
		}
	})
}

// Whatever is signed, ParseConsent never panics, and what it takes is within the policy.
func FuzzParseConsent(f *testing.F) {
	p := parsed(f, sample())
	m, err := NewConsent(p, everything(p))
	if err != nil {
		f.Fatal(err)
	}
	seeds(f, encode(f, m))
	f.Fuzz(func(t *testing.T, body []byte) {
		signed, err := consentKind.sign(body, deviceKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ParseConsent(signed, public(deviceKey), p)
		if err != nil {
			return
		}
		got := new(pb.Consent)
		if err := proto.Unmarshal(body, got); err != nil || !proto.Equal(got, c.Message()) {
			t.Fatal("read something else than what was signed")
		}
		r, err := NewRules(p, p, c)
		if err != nil {
			t.Fatal(err)
		}
		for app, classes := range r.granted {
			if app != "editor" && app != "files" || !classes.Within(p.Offered()) {
				t.Errorf("wider than the policy: %s %s", app, classes)
			}
		}
	})
}

// Whatever is signed, ParseStub never panics, and what it takes comes back from its own bytes and can be withdrawn.
func FuzzParseStub(f *testing.F) {
	p := parsed(f, sample())
	c := given(f, p, everything(p))
	signed, err := SignStub(c, false, deviceKey)
	if err != nil {
		f.Fatal(err)
	}
	outer := new(pb.Signed)
	if err := proto.Unmarshal(signed, outer); err != nil {
		f.Fatal(err)
	}
	seeds(f, outer.GetBody())
	f.Fuzz(func(t *testing.T, body []byte) {
		signed, err := stubKind.sign(body, deviceKey)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ParseStub(signed, public(deviceKey))
		if err != nil {
			return
		}
		if len(encode(t, m)) != len(body) {
			t.Error("the bytes have two readings")
		}
		gone, err := SignWithdrawal(signed, make([]byte, 32), deviceKey)
		if err != nil {
			t.Fatal(err)
		}
		if w, err := ParseStub(gone, public(deviceKey)); err != nil || !w.GetWithdrawn() || !bytes.Equal(w.GetId(), m.GetId()) {
			t.Errorf("its withdrawal: %v, %v", w, err)
		}
	})
}

// FuzzParseReceipt: a receipt is read whole or refused, and what is read is written the same way again.
func FuzzParseReceipt(f *testing.F) {
	p := parsed(f, sample())
	r, err := NewReceipt(p, given(f, p, everything(p)), Withdrawal{})
	if err != nil {
		f.Fatal(err)
	}
	good, err := r.JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(`{"record":{"process":[{}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseReceipt(b)
		if err != nil {
			return
		}
		again, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseReceipt(again); err != nil {
			t.Errorf("what was read is not read again: %v", err)
		}
	})
}
