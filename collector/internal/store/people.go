package store

import (
	"context"
	"time"
)

// Role is what a certificate may be used for.
type Role string

// The roles of an enrolled party.
const (
	DeviceRole    Role = "device"
	CustodianRole Role = "custodian"
)

// People keeps invitations, who was enrolled, and what they agreed to.
type People interface {
	// Invite stores a lot of invitations, all or none.
	Invite(ctx context.Context, lot []Invitation) error
	// EnrolDevice uses up the invitation and stores the device in one step. ErrNotFound if the token was never given, was
	// used, has expired or is for another role; then nothing changes. Of many calls with one token exactly one succeeds.
	EnrolDevice(ctx context.Context, token [32]byte, now time.Time, d Device, v VaultKey) error
	// EnrolCustodian is EnrolDevice for a custodian. ErrExists if another key is enrolled under that name, and not revoked: the name stands
	// in the ledger for who took what.
	EnrolCustodian(ctx context.Context, token [32]byte, now time.Time, c Custodian) error
	// Invited tells whether the token would enrol now, and as what.
	Invited(ctx context.Context, token [32]byte, now time.Time) (Role, error)
	// Active tells whether a device or custodian is enrolled and not revoked.
	Active(ctx context.Context, role Role, id ID) (bool, error)
	// Custodian returns an enrolled custodian. ErrNotFound if there is none or it was revoked.
	Custodian(ctx context.Context, id ID) (Custodian, error)
	// CustodiansNamed are the ids of a custodian that are not revoked; each renewal of a certificate draws one.
	CustodiansNamed(ctx context.Context, name string) ([]ID, error)
	// Revoke ends a device's or a custodian's certificate for good. ErrNotFound if no such party was enrolled.
	Revoke(ctx context.Context, id ID) error
	// PutConsent stores a consent stub or its withdrawal. A withdrawal is final; a stub that says the same again changes
	// nothing; ErrExists if the id is known with other facts or from another device; ErrLimit past MaxConsents per device.
	PutConsent(ctx context.Context, c Consent) error
	// VaultKey returns a person's wrapped key pair. ErrNotFound.
	VaultKey(ctx context.Context, subject ID) (VaultKey, error)
}

// MaxConsents bounds what one device can make a collector keep.
const MaxConsents = 1000

// Invitation is one unused token, known by its SHA-256 alone.
type Invitation struct {
	Token   [32]byte
	Role    Role
	Expires time.Time
}

// Device is an enrolled agent.
type Device struct {
	ID, Subject ID
	SigningKey  []byte // Ed25519
}

// Custodian is an enrolled holder of an export key.
type Custodian struct {
	ID        ID
	Name      string // for people
	Recipient []byte // HPKE public key
}

// Consent is all that a collector learns of a consent.
type Consent struct {
	ID, Device ID
	Policy     [32]byte
	Purpose    string
	Expires    time.Time
	Commitment []byte
	Withdrawn  bool
	Signed     []byte // the stub as the device signed it
	Leaf       Leaf
}

// VaultKey is one person's key pair at the collector. Wrapped opens only with the key file, which is not in the store.
type VaultKey struct {
	Subject ID
	Public  []byte
	Wrapped []byte
}
