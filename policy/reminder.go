package policy

import "time"

// RemindAt is when the person is reminded, once, that the consent will end: three days before, or in the last tenth of a
// shorter one. Doing nothing then means that it ends. Zero for the zero Consent.
func (c Consent) RemindAt() time.Time {
	if c.IsZero() {
		return time.Time{}
	}
	length := c.Expires().Sub(time.Unix(c.message.GetGivenAt(), 0))
	return c.Expires().Add(-min(length/10, 3*24*time.Hour))
}
