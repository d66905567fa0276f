package envelope_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/cryptotest"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/envelope/payload"
	"github.com/byleave/byleave/proto/pb"
)

var update = flag.Bool("update", false, "make testdata/*.txt anew")

// outcomes are the words of 'expect:' in a vector.
var outcomes = map[string]error{
	"ok": nil, "truncated": envelope.ErrTruncated, "malformed": envelope.ErrMalformed, "too-large": envelope.ErrTooLarge,
	"forged": envelope.ErrForged, "not-addressed": envelope.ErrNotAddressed, "wrong-purpose": open.ErrPurpose,
	"bad-payload": open.ErrPayload,
}

// vector is one file of testdata: lines 'name: value', keys and bytes in base64. The reader of the box has either a person's key,
// or custodians' keys and the half that the vault released.
type vector struct {
	comment, expect, purpose string
	device                   []byte
	person                   []byte
	custodians               [][]byte
	half, payload, box       []byte
}

func (v vector) encode() []byte {
	var b bytes.Buffer
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	line("comment", v.comment)
	line("expect", v.expect)
	line("purpose", v.purpose)
	line("device", base64.StdEncoding.EncodeToString(v.device))
	line("person", base64.StdEncoding.EncodeToString(v.person))
	for _, c := range v.custodians {
		line("custodian", base64.StdEncoding.EncodeToString(c))
	}
	line("half", base64.StdEncoding.EncodeToString(v.half))
	line("payload", base64.StdEncoding.EncodeToString(v.payload))
	line("box", base64.StdEncoding.EncodeToString(v.box))
	return b.Bytes()
}

func readVector(t testing.TB, file string) vector {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	for line := range strings.Lines(string(raw)) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok {
			t.Fatalf("%s: a line without ': '", file)
		}
		text := map[string]*string{"comment": &v.comment, "expect": &v.expect, "purpose": &v.purpose}[name]
		if text != nil {
			*text = value
			continue
		}
		b, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			t.Fatalf("%s: %s: %v", file, name, err)
		}
		switch name {
		case "device":
			v.device = b
		case "person":
			v.person = b
		case "custodian":
			v.custodians = append(v.custodians, b)
		case "half":
			v.half = b
		case "payload":
			v.payload = b
		case "box":
			v.box = b
		default:
			t.Fatalf("%s: unknown line %q", file, name)
		}
	}
	return v
}

// TestVectors reads every vector as SPEC.md says.
func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		v := readVector(t, file)
		want, known := outcomes[v.expect]
		if !known {
			t.Fatalf("%s: unknown outcome %q", file, v.expect)
		}
		seen[v.expect] = true
		got, err := v.read(t)
		switch {
		case want == nil && err != nil:
			t.Errorf("%s: %v", file, err)
		case want == nil && !bytes.Equal(got, v.payload):
			t.Errorf("%s: another payload came out", file)
		case want != nil && !errors.Is(err, want):
			t.Errorf("%s: %v, want %s", file, err, v.expect)
		}
	}
	if len(seen) != len(outcomes) {
		t.Errorf("only %d of %d outcomes have a vector", len(seen), len(outcomes))
	}
}

func (v vector) read(t *testing.T) ([]byte, error) {
	b, err := envelope.Parse(v.box)
	if err != nil {
		return nil, err
	}
	checks := []open.Check{open.SignedBy(v.device), open.ForPurpose(v.purpose)}
	if v.person != nil {
		p, err := open.ByPerson(b, parseKey(t, v.person), checks...)
		return marshal(t, p), err
	}
	var keys []hpke.PrivateKey
	for _, c := range v.custodians {
		keys = append(keys, parseKey(t, c))
	}
	p, err := open.ByHalves(b, keys, v.half, checks...)
	return marshal(t, p), err
}

func parseKey(t testing.TB, b []byte) hpke.PrivateKey {
	t.Helper()
	k, err := hpke.MLKEM768X25519().NewPrivateKey(b)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keyBytes(t testing.TB, k hpke.PrivateKey) []byte {
	t.Helper()
	b, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// writeVectors makes the vectors that are not there yet, from one seed.
func writeVectors(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	p, three := newParties(t, 1), newParties(t, 3)
	payloadBytes := marshal(t, samplePayload())
	box, boxThree, other := sealBytes(t, p.params(), payloadBytes), sealBytes(t, three.params(), payloadBytes), sealBytes(t, p.params(), payloadBytes)
	byPerson := vector{expect: "ok", purpose: "train-agents", device: p.device(), person: keyBytes(t, p.person), box: box.Bytes()}
	byHalves := byPerson
	byHalves.person, byHalves.custodians, byHalves.half = nil, [][]byte{keyBytes(t, p.custodians[0])}, p.half(t, box)
	byThree := byHalves
	byThree.custodians, byThree.half, byThree.box = nil, three.half(t, boxThree), boxThree.Bytes()
	for _, c := range three.custodians {
		byThree.custodians = append(byThree.custodians, keyBytes(t, c))
	}
	write := func(name, comment, expect string, v vector, change func(*vector)) {
		v.comment, v.expect = comment, expect
		if expect == "ok" {
			v.payload = payloadBytes
		}
		v.box = bytes.Clone(v.box)
		if change != nil {
			change(&v)
		}
		file := filepath.Join("testdata", name+".txt")
		if _, err := os.Stat(file); err == nil {
			return // boxes of that time open for ever
		}
		if err := os.WriteFile(file, v.encode(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	flip := func(at int) func(*vector) { return func(v *vector) { v.box[at] ^= 1 } }
	resign := func(at int, text string) func(*vector) {
		return func(v *vector) {
			copy(v.box[at:], text)
			copy(v.box[267:], ed25519.Sign(p.sign, append([]byte("byleave/1 header\x00"), v.box[:267]...)))
		}
	}
	write("person", "the person alone opens everything", "ok", byPerson, nil)
	write("one_custodian", "the custodian with the vault's half", "ok", byHalves, nil)
	write("three_custodians", "three of three custodians with the vault's half, in any order", "ok", byThree, nil)
	write("custodian_missing", "two of three custodians", "not-addressed", byThree, func(v *vector) { v.custodians = v.custodians[1:] })
	write("vault_as_custodian", "the collector has the vault's key and the half, and no custodian", "not-addressed", byHalves,
		func(v *vector) { v.custodians = [][]byte{keyBytes(t, p.vault)} })
	write("another_person", "another person's key", "not-addressed", byPerson, func(v *vector) { v.person = keyBytes(t, three.person) })
	write("half_of_another_box", "the half of another box of the same device", "forged", byHalves, func(v *vector) { v.half = p.half(t, other) })
	write("half_missing", "a half of zeros", "forged", byHalves, func(v *vector) { v.half = make([]byte, 32) })
	write("truncated_header", "330 bytes", "truncated", byPerson, func(v *vector) { v.box = v.box[:330] })
	write("truncated_payload", "the last byte is missing", "truncated", byPerson, func(v *vector) { v.box = v.box[:len(v.box)-1] })
	write("trailing", "one byte after the end", "malformed", byPerson, func(v *vector) { v.box = append(v.box, 0) })
	write("version", "version 2", "malformed", byPerson, flip(1))
	write("purpose_padding", "a byte after the zeros of the purpose", "malformed", byPerson, resign(161, "a"))
	write("flipped_payload", "one bit of the payload", "forged", byPerson, flip(5000))
	write("flipped_capsule", "one bit of a capsule", "forged", byPerson, flip(500))
	write("flipped_signature", "one bit of the signature", "forged", byPerson, flip(300))
	write("another_device", "the device's key is another", "forged", byPerson, func(v *vector) { v.device = bytes.Repeat([]byte{1}, 32) })
	write("wrong_purpose", "the reader is there for another purpose", "wrong-purpose", byPerson, func(v *vector) { v.purpose = "rate-people" })
	write("rewritten_purpose", "purpose rewritten and signed anew", "forged", byPerson, func(v *vector) {
		resign(98, "rate-people\x00")(v)
		v.purpose = "rate-people"
	})
	write("rewritten_consent", "consent rewritten and signed anew", "forged", byHalves, resign(50, "another consent!"))
	write("bomb", "64 MiB of zeros", "too-large", byPerson, func(v *vector) { v.box = sealBytes(t, p.params(), make([]byte, 64<<20)).Bytes() })
	write("unknown_field", "a field that this version does not know", "bad-payload", byPerson, func(v *vector) {
		unknown := protowire.AppendVarint(protowire.AppendTag(bytes.Clone(payloadBytes), 99, protowire.VarintType), 1)
		v.box = sealBytes(t, p.params(), unknown).Bytes()
	})
	// lean and lean_frame_missing are of a writer that is no more: it wrote schema 2.
	told := func(change func(*pb.Payload)) []byte {
		c := new(pb.Payload)
		packed, err := payload.Pack(columnsSample())
		if err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(packed, c); err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(c)
		}
		return marshal(t, c)
	}
	write("columns", "schema 3, compressed with dictionary 0xb1e2", "ok", byPerson, func(v *vector) {
		v.box, v.payload = sealBytes(t, p.params(), told(nil)).Bytes(), marshal(t, columnsSample())
	})
	for name, c := range map[string]struct {
		comment string
		change  func(*pb.Payload)
	}{
		"columns_torn":       {"schema 3, the last byte of the columns is missing", func(c *pb.Payload) { c.Columns = c.Columns[:len(c.Columns)-1] }},
		"columns_trailing":   {"schema 3, a byte after the columns", func(c *pb.Payload) { c.Columns = append(c.Columns, 0) }},
		"columns_shape":      {"schema 3, an event is an action and a gap", func(c *pb.Payload) { c.Columns = []byte{1, 0, 1<<1 | 1<<2, 0, 0, 0, 0} }},
		"columns_rank":       {"schema 3, a shape is named that was not there", func(c *pb.Payload) { c.Columns = []byte{2, 0, 2, 1, 1, 1} }},
		"columns_and_events": {"schema 3 with events beside the columns", func(c *pb.Payload) { c.Events = append(c.Events, new(pb.Event)) }},
		"columns_too_early":  {"schema 2 with columns", func(c *pb.Payload) { c.Schema = payload.Lean }},
	} {
		write(name, c.comment, "bad-payload", byPerson, func(v *vector) { v.box = sealBytes(t, p.params(), told(c.change)).Bytes() })
	}
	write("dictionary_unknown", "compressed with a dictionary that never was", "bad-payload", byPerson, func(v *vector) {
		v.box = sealPadded(t, p, pad(unknownDictionary(t, payloadBytes))).Bytes()
	})
}
