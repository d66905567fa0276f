package envelope

import "errors"

// What can be wrong with a box. Each is one decision of a caller: a box with one of the first four never becomes valid, so it
// is set aside; ErrNotAddressed and ErrExpected say that this key or this reader is the wrong one. No text holds content.
var (
	// ErrTruncated: bytes are missing at the end.
	ErrTruncated = errors.New("box is truncated")
	// ErrMalformed: not a box, or not in its one canonical form.
	ErrMalformed = errors.New("box is malformed")
	// ErrTooLarge: longer than any box may be, compressed or not.
	ErrTooLarge = errors.New("box is too large")
	// ErrForged: a hash, signature or seal does not fit, so something was changed after sealing.
	ErrForged = errors.New("box is forged or damaged")
	// ErrNotAddressed: no capsule of the wanted role is sealed to this key, or one of several keys is missing.
	ErrNotAddressed = errors.New("box is not addressed to this key")
)
