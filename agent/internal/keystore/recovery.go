package keystore

import (
	"errors"
	"fmt"

	"github.com/byleave/byleave/proto/code"
)

// ErrCode means that a recovery code does not fit.
var ErrCode = errors.New("this is not the recovery code")

const recoveryKind = "recovery"

func encodeRecovery(seed []byte) string { return code.Encode(recoveryKind, seed) }

func decodeRecovery(text string) ([]byte, error) {
	seed, err := code.Decode(recoveryKind, text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCode, err)
	}
	return seed, nil
}
