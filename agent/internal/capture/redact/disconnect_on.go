//go:build byleave_disconnected

package redact

// Disconnected tells whether this is the control build of the tests, in which nothing is redacted.
const Disconnected = true

func init() {
	println("*** byleave CONTROL BUILD: THE REDACTOR IS DISCONNECTED. Text and pictures pass unredacted. For tests only. ***")
}
