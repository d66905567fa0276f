package script

import "time"

// Do names what a person does in one act.
type Do string

// The acts. Look finds an accessible element and touches nothing.
const (
	Type   Do = "type"   // Text: BMP characters, \n is Return, \b is BackSpace
	Key    Do = "key"    // Key with Mods
	Click  Do = "click"  // Button, Count at X, Y
	Drag   Do = "drag"   // left button from X, Y to ToX, ToY
	Scroll Do = "scroll" // DX, DY notches at X, Y; right and down are positive
	Look   Do = "look"   // for the showing element with Role and Name
)

// Act is one thing to do. Coordinates are screen pixels.
type Act struct {
	Do     Do       `json:"do"`
	Text   string   `json:"text,omitempty"`
	Key    string   `json:"key,omitempty"` // robotgo's name
	Mods   []string `json:"mods,omitempty"`
	Button string   `json:"button,omitempty"` // left, right; empty is left
	Count  int      `json:"count,omitempty"`  // 0 is 1
	X      int      `json:"x,omitempty"`
	Y      int      `json:"y,omitempty"`
	ToX    int      `json:"to_x,omitempty"`
	ToY    int      `json:"to_y,omitempty"`
	DX     int      `json:"dx,omitempty"`
	DY     int      `json:"dy,omitempty"`
	App    string   `json:"app,omitempty"` // Look: the application's accessible name
	Role   string   `json:"role,omitempty"`
	Name   string   `json:"name,omitempty"`
	Pace   int      `json:"pace,omitempty"` // milliseconds from key to key; 0 is the person's own, seeded pace
}

// Done is what the person says of one act.
type Done struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	X     int       `json:"x,omitempty"` // Look: the middle of what was found
	Y     int       `json:"y,omitempty"`
	Error string    `json:"error,omitempty"`
}
