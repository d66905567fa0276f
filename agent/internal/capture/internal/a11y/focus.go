package a11y

import "github.com/byleave/byleave/policy"

// Role is a number of AT-SPI's role enumeration.
type Role uint32

// The roles that decide what may be recorded.
const (
	RoleText         Role = 61
	RoleEntry        Role = 79
	RoleComboBox     Role = 11
	RoleSpinButton   Role = 52
	RoleEditbar      Role = 77
	RoleParagraph    Role = 73
	RoleTerminal     Role = 60
	RolePasswordText Role = 40
	RoleMenu         Role = 33
	RoleCheckMenu    Role = 8
	RoleRadioMenu    Role = 45
	RoleMenuItem     Role = 35
	RoleTab          Role = 37
	RoleTabList      Role = 38
)

// Focus says that an element got the keyboard focus.
type Focus struct {
	At      policy.Moment // when the event arrived: up to 20 ms after what caused it
	PID     int           // of the application, 0 if unknown
	ID      uint64        // of the element, never 0
	Role    Role
	Known   bool // Role and Lines are known
	Lines   bool // a text field of several lines
	Element Element
}

// Secret tells whether what is typed into the element is hidden.
func (f Focus) Secret() bool { return f.Known && f.Role == RolePasswordText }

// Text tells whether the element is a text field that is no password field and no terminal.
func (f Focus) Text() bool {
	if !f.Known {
		return false
	}
	switch f.Role {
	case RoleText, RoleEntry, RoleComboBox, RoleSpinButton, RoleEditbar:
		return true
	}
	return false
}

// Menu tells whether the element is a menu or an item of one. It gets the focus by the press on it, and says so before the
// application, busy with opening it, answers what lies under the press.
func (f Focus) Menu() bool {
	switch f.Role {
	case RoleMenu, RoleMenuItem, RoleCheckMenu, RoleRadioMenu:
		return f.Known
	}
	return false
}

// Terminal tells whether the element is a terminal, in which a program may ask for a password at any time.
func (f Focus) Terminal() bool { return f.Known && f.Role == RoleTerminal }

// Element describes an accessible element. It is raw: the name can be anything that stands on the screen.
type Element struct {
	Role string // "push button"
	Name string
	Rect Rect // screen pixels
}

// Rect is in screen pixels.
type Rect struct{ X, Y, W, H int }

// Has tells whether a point lies in r.
func (r Rect) Has(x, y int) bool { return x >= r.X && y >= r.Y && x < r.X+r.W && y < r.Y+r.H }
