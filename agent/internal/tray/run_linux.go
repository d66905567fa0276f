package tray

import (
	"context"

	"fyne.io/systray"
)

// run is systray.Run. The library panics at its end if its bus died under it.
func run(_ context.Context, ready func()) (err error) {
	defer func() {
		if recover() != nil {
			err = ErrGone
		}
	}()
	systray.Run(ready, nil)
	return nil
}
