package proto

import (
	"os"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// TestDictionaryIsComplete: no field of a box lacks an entry, and none is told of that does not exist.
func TestDictionaryIsComplete(t *testing.T) {
	d, err := Dictionary()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, m := range d {
		for _, f := range m.Fields {
			have[m.Name+"."+f.Name] = f.Why != "" && f.Example != "" && f.Since != ""
		}
	}
	want := 0
	messages := pb.File_byleave_v1_event_proto.Messages()
	for i := range messages.Len() {
		fields(messages.Get(i), func(name string) {
			want++
			if !have[name] {
				t.Errorf("%s has no whole entry", name)
			}
		})
	}
	if want != len(have) || want < 50 {
		t.Errorf("%d fields, %d entries", want, len(have))
	}
}

func fields(m protoreflect.MessageDescriptor, visit func(string)) {
	for i := range m.Fields().Len() {
		visit(string(m.Name()) + "." + string(m.Fields().Get(i).Name()))
	}
	for i := range m.Messages().Len() {
		fields(m.Messages().Get(i), visit)
	}
}

// TestDictionaryIsWritten: docs/dictionary.md is what the proto says. With BYLEAVE_GENERATE it is written.
func TestDictionaryIsWritten(t *testing.T) {
	const page = "../docs/dictionary.md"
	d, err := Dictionary()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("BYLEAVE_GENERATE") != "" {
		if err := os.WriteFile(page, []byte(Markdown(d)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(page)
	if err != nil || string(b) != Markdown(d) {
		t.Errorf("docs/dictionary.md is not what event.proto says; run proto/generate.sh (%v)", err)
	}
}
