package policy

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

//go:embed template.json
var template []byte

// Template is a complete policy as protojson, for people to edit: valid except that the custodian's public key is empty.
func Template() []byte { return slices.Clone(template) }

// FromJSON reads a policy that people wrote and returns the bytes to sign. It refuses what Parse refuses, and also an
// application that the built-in exclusions would never let through. Unknown and repeated names are refused.
func FromJSON(text []byte) ([]byte, error) {
	if len(text) == 0 || len(text) > 4*MaxPolicy {
		return nil, refuse(ErrSize, "policy: the text has %d bytes; write 1 to %d", len(text), 4*MaxPolicy)
	}
	m := new(pb.Policy)
	if err := protojson.Unmarshal(text, m); err != nil {
		return nil, fromJSONError(err)
	}
	if err := checkPolicy(m); err != nil {
		return nil, err
	}
	for i, a := range m.GetApplications() {
		for _, e := range a.GetExecutables() {
			w := Window{Class: a.GetWmClass(), Executable: e}
			if x := builtinMatch(w); x != nil {
				return nil, invalid(fmt.Sprintf("application %d", i+1), "is %s, which is excluded on every device; take it out", x.name)
			}
		}
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("policy: encoding: %w", err)
	}
	_, err = readPolicy(body)
	return body, err
}

// fromJSONError keeps the parser's place and name of what it did not like, without its unstable prefix.
func fromJSONError(err error) error {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "proto:"), " ")
	kind := ErrEncoding
	if strings.Contains(text, "unknown field") {
		kind = ErrUnknownField
	}
	return refuse(kind, "policy: %s; correct the text, `byleave-collector policy new` prints a complete example", text)
}
