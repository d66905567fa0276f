package redact

// class is what kind of value a span holds. A lower class wins where spans overlap.
type class uint8

const (
	noClass class = iota
	opaque        // the engine could not tell: the whole value
	privateKey
	jwt
	ssn
	card
	iban
	email
	secret
	ip
	phone
	term
	number // a long run of digits
	token  // a long or unfinished token
	classes
)

var classNames = [classes]string{"", "OPAQUE", "KEY", "JWT", "SSN", "CARD", "IBAN", "EMAIL", "SECRET", "IP", "PHONE", "TERM", "NUMBER", "TOKEN"}

func (c class) String() string { return classNames[c] }

// bucket coarsens a count of characters.
func bucket(n int) uint32 {
	for _, b := range [...]int{0, 4, 8, 16} {
		if n <= b {
			return uint32(b)
		}
	}
	return 17
}
