package redact

// class is what kind of value a span holds. A lower class wins where spans overlap.
type class uint8

const (
	noClass class = iota
	opaque        // the engine could not tell: the whole value
	privateKey
	jwt
	iban
	ssn
	card
	secret
	email
	ip
	phone
	term
	token  // a long or unfinished token
	number // a long run of digits
	classes
)

var classNames = [classes]string{"", "OPAQUE", "KEY", "JWT", "IBAN", "SSN", "CARD", "SECRET", "EMAIL", "IP", "PHONE", "TERM", "TOKEN", "NUMBER"}

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
