//go:build !linux

package hotkey

// Key is none here: this system's combinations are not asked for yet.
type Key struct{}

// Open gives none.
func Open(string, Combo) (*Key, error) { return nil, nil }

// Pressed never receives.
func (*Key) Pressed() <-chan struct{} { return nil }

// Words are none.
func (*Key) Words() string { return "" }

// Is is false.
func (*Key) Is(byte, uint16) bool { return false }

// Has is false.
func (*Key) Has(byte) bool { return false }

// Close does nothing.
func (*Key) Close() {}
