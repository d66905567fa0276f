package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"
)

// Diff and Narrower never disagree, and nothing differs from itself.
func TestDiffAgreesWithNarrower(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		before := drawPolicy(rt)
		after := proto.CloneOf(before)
		for range rapid.IntRange(0, 4).Draw(rt, "mutations") {
			mutate(rt, after)
		}
		prev, next := parsed(t, before), parsed(t, after)
		changes := Diff(next, prev)
		if err := Narrower(next, prev); (err != nil) != (len(Wider(changes)) > 0) {
			rt.Fatalf("Narrower says %v, Diff says %v", err, changes)
		}
		if got := Diff(prev, prev); len(got) != 0 {
			rt.Fatalf("a policy differs from itself: %v", got)
		}
	})
}

// Whatever field of a policy changes, wherever it is nested, something is said. Only version and time of issue may pass.
func TestDiffSeesEveryField(t *testing.T) {
	silent := map[string]bool{"version": true, "issued_at": true}
	seen := 0
	walk(sample().ProtoReflect(), "", func(path string, spoil func(m protoreflect.Message)) {
		changed := sample()
		spoil(changed.ProtoReflect())
		if proto.Equal(changed, sample()) {
			t.Fatalf("%s was not changed: the test is broken", path)
		}
		seen++
		got := Diff(Policy{message: changed}, Policy{message: sample()})
		if silent[path] != (len(got) == 0) {
			t.Errorf("%s changed, and Diff says %v", path, got)
		}
	})
	if seen < 35 {
		t.Fatalf("only %d fields were tried", seen)
	}
}

// walk calls visit once for every field that is set in m, with a function that changes just that one in a message like m.
func walk(m protoreflect.Message, prefix string, visit func(path string, spoil func(protoreflect.Message))) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		path := prefix + string(fd.Name())
		deeper := func(in protoreflect.Message, get func(protoreflect.Message) protoreflect.Message) {
			walk(in, path+".", func(p string, spoil func(protoreflect.Message)) {
				visit(p, func(top protoreflect.Message) { spoil(get(top)) })
			})
		}
		switch {
		case fd.IsList() && fd.Message() != nil:
			deeper(v.List().Get(0).Message(), func(top protoreflect.Message) protoreflect.Message { return top.Mutable(fd).List().Get(0).Message() })
			visit(path, func(top protoreflect.Message) { top.Mutable(fd).List().Truncate(1) })
		case fd.IsList():
			visit(path, func(top protoreflect.Message) { top.Mutable(fd).List().Truncate(v.List().Len() - 1) })
		case fd.Message() != nil:
			deeper(v.Message(), func(top protoreflect.Message) protoreflect.Message { return top.Mutable(fd).Message() })
		default:
			visit(path, func(top protoreflect.Message) { top.Set(fd, other(fd, v)) })
		}
		return true
	})
}

func other(fd protoreflect.FieldDescriptor, v protoreflect.Value) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(v.String() + "x")
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(append([]byte{1}, v.Bytes()...))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(v.Uint()) + 60)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(v.Uint() + 1e6)
	default:
		return protoreflect.ValueOfInt64(v.Int() + 60)
	}
}

func TestDiffInWords(t *testing.T) {
	for _, c := range []struct {
		change func(*pb.Policy)
		want   string
		wider  bool
	}{
		{func(m *pb.Policy) { m.RetentionDays = 30 }, "Kept for 30 days, before 90", false},
		{func(m *pb.Policy) { m.RetentionDays = 400 }, "Kept for 400 days, before 90", true},
		{func(m *pb.Policy) { m.Classes = m.Classes[:2] }, "No longer asked for: typed text", false},
		{func(m *pb.Policy) { m.Hours = m.Hours[:1] }, "Fewer hours: now Mon, Tue, Wed, Thu, Fri 09:00-12:00, before", false},
		{func(m *pb.Policy) { m.Applications = m.Applications[:1] }, "No longer asked for: Files", false},
		{func(m *pb.Policy) { m.Purpose.Text = "Judge people." }, "now “Judge people. (training)”, before “Train a model. (training)”", true},
		{func(m *pb.Policy) { m.Custodians[0].PublicKey = custodianKeys()[2] }, "the same names with other keys", true},
		{func(m *pb.Policy) {
			m.Applications[0].Executables = append(m.Applications[0].Executables, "/usr/bin/more")
		}, "Editor gained an executable", true},
		{func(m *pb.Policy) {
			m.Applications = append(m.Applications, &pb.Application{Id: "mail", Name: "Mail", WmClass: "M", Executables: []string{"/m"}})
		}, "New application: Mail", true},
	} {
		m := sample()
		c.change(m)
		got := Diff(parsed(t, m), parsed(t, sample()))
		if !strings.Contains(Sentence(got), c.want) || (len(Wider(got)) > 0) != c.wider {
			t.Errorf("want %q, wider %v; got %v", c.want, c.wider, got)
		}
	}
	if Diff(Policy{}, parsed(t, sample())) != nil {
		t.Error("a missing policy has differences")
	}
}

// What is paid by the frame puts a price on pausing: no policy may do so.
func TestPayByTheFrameIsRefused(t *testing.T) {
	for _, pay := range []string{"1 cent per frame", "Paid by the screenshot.", "2 EUR for every action", "10c per click", "1 EUR each batch"} {
		m := sample()
		m.Compensation = pay
		_, err := notice(m)
		sentence(t, err, "compensation", "pays by what is recorded")
	}
}

func TestInert(t *testing.T) {
	hostile := "a\x1b[31mb\u202ec\u2028d\u200be\x00f\u3164g\u200d\xffh\nü漢"
	got := Inert(hostile)
	if got != `a\u001b[31mb\u202ec\u2028d\u200be\u0000f\u3164g`+"\u200d"+`\ufffdh\u000aü漢` {
		t.Errorf("%q", got)
	}
	rapid.Check(t, func(rt *rapid.T) {
		if s := rapid.String().Draw(rt, "text"); strings.ContainsAny(Inert(s), "\x1b\n\r\u202e\u2066\u200f") {
			rt.Fatalf("%q is not inert", s)
		}
	})
}

// JSON that was made inert is obeyed by no terminal, and says the same.
func TestInertJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		said := rapid.Custom(func(t *rapid.T) string {
			return rapid.String().Draw(t, "text") + rapid.SampledFrom([]string{"\u009b2J", "\u202e", "\U000e0041", "\x1b]0;x\x07", "ü漢"}).Draw(t, "hostile")
		}).Draw(rt, "title")
		b, err := json.MarshalIndent(map[string]string{"title": said}, "", "\t")
		if err != nil {
			rt.Fatal(err)
		}
		inert := InertJSON(b)
		var got map[string]string
		if err := json.Unmarshal(inert, &got); err != nil || got["title"] != said {
			rt.Fatalf("%q reads %q, %v", said, got, err)
		}
		if strings.ContainsAny(string(inert), "\u009b\u202e\U000e0041\x1b\x07") {
			rt.Fatalf("%q is not inert", inert)
		}
	})
}
