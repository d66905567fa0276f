package keystore

import (
	"crypto/hpke"
	"errors"
	"fmt"

	"github.com/byleave/byleave/proto/code"
)

// ErrCode means that a recovery code does not fit.
var ErrCode = errors.New("this is not the recovery code")

const recoveryKind = "recovery"

// Recovered is the person's private key from the recovery code, on any machine.
func Recovered(code string) (hpke.PrivateKey, error) {
	seed, err := decodeRecovery(code)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	return personKey(seed)
}

// RecoverPersonKey is NewPersonKey with the key of a recovery code in the place of a fresh one.
func RecoverPersonKey(code string, passphrase []byte) (pub, sealed []byte, err error) {
	seed, err := decodeRecovery(code)
	if err != nil {
		return nil, nil, err
	}
	defer clear(seed)
	return sealPerson(seed, passphrase)
}

func encodeRecovery(seed []byte) string { return code.Encode(recoveryKind, seed) }

func decodeRecovery(text string) ([]byte, error) {
	seed, err := code.Decode(recoveryKind, text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCode, err)
	}
	return seed, nil
}
