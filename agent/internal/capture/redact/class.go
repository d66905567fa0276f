package redact

// class is what kind of value a span holds. A lower class wins where spans overlap.
type class uint8

const (
	noClass class = iota
	opaque        // the engine could not tell: the whole value
	privateKey
	jwt
	wallet
	iban
	ssn
	card
	secret
	email
	ip
	phone
	term
	document // a number behind the name of a document or an account
	address
	person
	place
	organisation
	people // nationality, language, faith
	date   // of birth
	ageYears
	site   // a page that somebody calls theirs
	token  // a long or unfinished token
	number // a long run of digits
	classes
)

var classNames = [classes]string{"", "OPAQUE", "KEY", "JWT", "WALLET", "IBAN", "SSN", "CARD", "SECRET", "EMAIL", "IP", "PHONE", "TERM",
	"ID", "ADDRESS", "PERSON", "PLACE", "ORG", "PEOPLE", "DATE", "AGE", "URL", "TOKEN", "NUMBER"}

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
