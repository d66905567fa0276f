package dictionary

import _ "embed"

// first has the number 0xb1e1, from the range that RFC 8878 leaves for private use.
//
//go:embed 1.zdict
var first []byte

// second has the number 0xb1e2, and knows columns.
//
//go:embed 2.zdict
var second []byte

// All are all dictionaries that there ever were. The caller must not change them.
func All() [][]byte { return [][]byte{first, second} }

// Newest is the one to compress with.
func Newest() []byte { return second }
