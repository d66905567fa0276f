package policy

import (
	"errors"
	"fmt"
)

// The refusals that a caller may want to tell apart. Each error that wraps one is a whole sentence for people.
var (
	ErrSignature    = errors.New("wrong signature")
	ErrUnknownField = errors.New("unknown field")
	ErrSize         = errors.New("too large or empty")
	ErrEncoding     = errors.New("not a canonical message")
	ErrOlder        = errors.New("older version")
	ErrExpired      = errors.New("expired")
	ErrController   = errors.New("another controller")
	ErrWider        = errors.New("wider")
	ErrPin          = errors.New("given for another policy")
	ErrExclusions   = errors.New("given under other exclusions")
)

// ErrInvalid says which field of a policy, consent or stub is wrong and what to do about it.
type ErrInvalid struct {
	Room  string // policy, consent or stub
	Field string // "application 2: wm_class"
	Why   string // "is empty; name the class part of WM_CLASS"
}

// Error is the whole sentence.
func (e ErrInvalid) Error() string { return e.Room + ": " + e.Field + " " + e.Why }

// refusal is a sentence that answers errors.Is with one of the sentinels above.
type refusal struct {
	kind error
	text string
}

func (r refusal) Error() string { return r.text }
func (r refusal) Unwrap() error { return r.kind }

func refuse(kind error, format string, args ...any) error {
	return refusal{kind: kind, text: fmt.Sprintf(format, args...)}
}
