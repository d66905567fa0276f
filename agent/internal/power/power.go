package power

// State is what is known. The zero State is a computer on mains and a network that nobody counts: so is one without these services,
// a desktop or a server. Where a service is there and does not say it, the answer is the careful one.
type State struct {
	Battery bool   // it runs on a battery
	Charge  int    // of the battery in percent; 0 if that is not known
	Metered bool   // bytes cost money, or probably do
	Busy    bool   // other programs wait for the processor; Run does not know it, Pressure does
	Network string // the name of the connection that leads out, as the person's settings show it; "" if nobody knows it
}

// Options are where Run looks, and what it calls, one call at a time. Both functions are required.
type Options struct {
	Changed func(State) // what is known has changed, or was found out
	Woke    func()      // the computer slept, and no longer does
}
