package gate

import "github.com/byleave/byleave/policy"

// State is what the gate is doing, in one word. Data is recorded only in Recording.
type State uint8

// The states; see next.
const (
	Off State = iota
	Consenting
	Recording
	Paused
	Excluded
	Blind
	Expired
)

// String is the word for people and programs.
func (s State) String() string {
	switch s {
	case Off:
		return "off"
	case Consenting:
		return "consenting"
	case Recording:
		return "recording"
	case Paused:
		return "paused"
	case Excluded:
		return "excluded"
	case Blind:
		return "blind"
	case Expired:
		return "expired"
	}
	return "unknown state"
}

// next is the state after cur when the permit of this instant says why. Asking tells that a question to the person is
// open: a first consent, or a policy that became wider. Renewed tells that the rules were set since the last state.
//
//	from \ why  | NoConsent     | IsPaused | Expired | Allowed   | NotAgreed Excluded  | anything
//	            |               |          |         |           | Secret OutOfHours   | else
//	------------+---------------+----------+---------+-----------+---------------------+---------
//	off         | off           |    -     |    -    |     -     |          -          |    -
//	 + renewed  | off           | paused   | expired | recording | excluded            | blind
//	consenting  | off           |    -     |    -    |     -     |          -          |    -
//	 + renewed  | off           | paused   | expired | recording | excluded            | blind
//	recording   | off           | paused   | expired | recording | excluded            | blind
//	paused      | off           | paused   | expired | recording | excluded            | blind
//	excluded    | off           | paused   | expired | recording | excluded            | blind
//	blind       | off           | paused   | expired | recording | excluded            | blind
//	expired     | off           | expired  | expired | expired   | expired             | expired
//	 + renewed  | off           | paused   | expired | recording | excluded            | blind
//
// Every off is consenting while a question is open. "-" cannot be asked for and stays where it is: without rules Decide
// says NoConsent, and only rules lead out of off, consenting and expired. So a clock that is set back revives nothing.
func next(cur State, why policy.Reason, asking, renewed bool) State {
	switch {
	case why == policy.NoConsent && asking:
		return Consenting
	case why == policy.NoConsent:
		return Off
	case !renewed && (cur == Off || cur == Consenting || cur == Expired):
		return cur
	}
	switch why {
	case policy.Allowed:
		return Recording
	case policy.IsPaused:
		return Paused
	case policy.Expired:
		return Expired
	case policy.NotAgreed, policy.Excluded, policy.Secret, policy.OutOfHours:
		return Excluded
	default:
		return Blind
	}
}
