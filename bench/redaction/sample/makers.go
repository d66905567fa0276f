package sample

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

var makers = []maker{
	{"card", card, with("card number %", "my visa is % exp 04/29", "pay with %, please", "Kartennummer: %")},
	{"ssn", ssn, with("SSN: %", "my social security number is %", "soc sec %")},
	{"iban", iban, with("IBAN %", "please wire it to %", "Kontonummer %", "mon compte : %")},
	{"email", email, with("write to %", "mailto:%", "From: <%>", "cc % on that", "E-Mail: %")},
	{"wallet", wallet, with("send it to %", "BTC: %", "donations welcome at %")},
	{"ip", ip, with("ssh root@%", "host % is down", "from % port 22", "ping %")},
	{"phone", phone, with("call me at %", "Tel: %", "phone: %", "Mobile %", "my number is %", "Fax: %", "Telefon: %", "WhatsApp %", "reach me on % after six")},
	{"jwt", jwt, with("Authorization: Bearer %", "token=%", "cookie: session=%;")},
	{"pem", pem, []string{"%", "key:\n%\n", "cat id_rsa\n%\n$ ", "see below\n\n%\n\nthanks"}},
	{"url-credentials", urlSecret, []string{"git clone https://%@git.example.com/team/repo.git", "curl https://%@api.example.com/v1/items", "ftp://%@files.example.net/pub", "proxy=http://%@10.1.2.3:8080", "see https://%@intranet.example.org/wiki"}},
	{"connection-string", connection, []string{"DATABASE_URL=postgres://%@db.example.com:5432/app", "mongodb://%@cluster0.example.net/prod?retryWrites=true", "redis://%@cache:6379/0", "amqp://%@mq.example.com:5672/", "jdbc url mysql://%@db:3306/shop"}},
	{"password", password, []string{"password: %", "Password = %", "pwd=%", "the passphrase is %", "Passwort: %", "contraseña: %", "mot de passe : %", "PIN: %", "\"password\": \"%\",", "DB_PASSWORD=%"}},
	{"vendor-token", vendor, bare},
	{"person-prose", person, prose},
	{"person-field", person, fields},
	{"birth-date", birth, []string{"DOB: %", "date of birth: %", "she was born on % in the north", "Geburtsdatum: %", "geboren am %", "né le %", "birthday: %", "fecha de nacimiento: %", "Date of birth %"}},
	{"document", document, []string{"passport number: %", "Passport no. %", "my driver's license number is %", "Driving licence: %", "member id: %", "NHS number %", "Medicare ID: %", "insurance policy number %", "Personalausweis Nr. %", "tax id: %", "patient id %"}},
	{"address", street, []string{"I live at % now", "Address: %", "please send it to %.", "ship to: %", "Adresse: %", "we moved to % last year", "deliver to %\nthanks", "my new address is %"}},
}

func luhn(d string) string {
	sum := 0
	for i := range len(d) {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return d + string(rune('0'+(10-sum%10)%10))
}

// card makes numbers of the big networks, as they are printed and typed.
func card(r *rand.Rand) string {
	kind := pick(r, []struct {
		prefix string
		n      int
	}{{"4", 16}, {"51", 16}, {"53", 16}, {"2221", 16}, {"2720", 16}, {"34", 15}, {"37", 15}, {"6011", 16}, {"65", 16}, {"3528", 16}, {"36", 14}, {"62", 16}, {"62", 19}, {"5018", 16}, {"4", 13}})
	v := luhn(kind.prefix + some(r, digits, kind.n-1-len(kind.prefix)))
	sep := pick(r, []string{"", "", " ", "-", " ", "\u00a0", "."})
	if sep == "" || kind.n == 13 || kind.n == 19 {
		return v
	}
	cut := []int{4, 8, 12}
	if kind.n == 15 || kind.n == 14 {
		cut = []int{4, 10}
	}
	out, from := "", 0
	for _, c := range cut {
		out += v[from:c] + sep
		from = c
	}
	return out + v[from:]
}

func ssn(r *rand.Rand) string {
	area := 1 + r.IntN(899)
	if area == 666 {
		area = 667
	}
	sep := pick(r, []string{"-", "-", "-", " ", "\u2013", "."})
	return fmt.Sprintf("%03d%s%02d%s%04d", area, sep, 1+r.IntN(99), sep, 1+r.IntN(9999))
}

func iban(r *rand.Rand) string {
	// country, and its account part as the registry writes it: n digits, a capitals, c either
	form := pick(r, []string{"DE18n", "GB4a14n", "FR10n11c2n", "ES20n", "IT1a10n12c", "NL4a10n", "BE12n", "CH5n12c", "AT16n", "PL24n", "SE20n", "NO11n", "DK14n",
		"FI14n", "PT21n", "IE4a14n", "CZ20n", "GR7n16c", "HU24n", "RO4a16c", "TR5n1n16c", "LU3n13c", "SK20n", "HR17n", "LT16n", "EE16n", "LV4a13c", "MT4a5n18c", "CY8n16c", "SA2n18c", "AE19n", "IL19n"})
	b := ""
	for rest := form[2:]; rest != ""; {
		n, i := 0, 0
		for rest[i] >= '0' && rest[i] <= '9' {
			n = n*10 + int(rest[i]-'0')
			i++
		}
		b += some(r, map[byte]string{'n': digits, 'a': uppers, 'c': digits + uppers}[rest[i]], n)
		rest = rest[i+1:]
	}
	num := ""
	for _, c := range b + form[:2] + "00" {
		if c >= 'A' {
			num += fmt.Sprint(int(c-'A') + 10)
		} else {
			num += string(c)
		}
	}
	n, _ := new(big.Int).SetString(num, 10)
	v := fmt.Sprintf("%s%02d%s", form[:2], 98-int(new(big.Int).Mod(n, big.NewInt(97)).Int64()), b)
	switch r.IntN(4) {
	case 0:
		return strings.ToLower(v)
	case 1, 2:
		out := ""
		for i := 0; i < len(v); i += 4 {
			out += " " + v[i:min(len(v), i+4)]
		}
		return out[1:]
	}
	return v
}

func email(r *rand.Rand) string {
	local := pick(r, []func() string{
		func() string { return some(r, lowers, 4+r.IntN(6)) + "." + some(r, lowers, 4+r.IntN(6)) },
		func() string { return some(r, lowers, 1) + some(r, lowers, 6) + some(r, digits, 2) },
		func() string { return some(r, lowers, 5) + "+" + some(r, lowers, 4) },
		func() string { return some(r, lowers, 3) + "_" + some(r, lowers, 5) },
		func() string {
			return some(r, uppers, 1) + some(r, lowers, 4) + some(r, uppers, 1) + some(r, lowers, 5)
		},
		func() string { return "o'" + some(r, lowers, 5) },
		func() string { return "jürgen." + some(r, lowers, 5) },
	})()
	domain := some(r, lowers, 5+r.IntN(6)) + pick(r, []string{".com", ".org", ".de", ".co.uk", ".io", ".museum", ".com.br", ".xn--p1ai", "-mail.fr", ".edu.au"})
	return local + "@" + domain
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

func wallet(r *rand.Rand) string {
	switch r.IntN(5) {
	case 0, 1:
		body := append([]byte{pick(r, []byte{0, 5, 48, 30})}, []byte(some(r, alnums, 20))...)
		one := sha256.Sum256(body)
		two := sha256.Sum256(one[:])
		n := new(big.Int).SetBytes(append(body, two[:4]...))
		out := ""
		for n.Sign() > 0 {
			m := new(big.Int)
			n.DivMod(n, big.NewInt(58), m)
			out = string(base58[m.Int64()]) + out
		}
		if body[0] == 0 {
			out = "1" + out
		}
		return out
	case 2, 3:
		return bech32(pick(r, []string{"bc", "ltc", "tb"}), r)
	}
	return "0x" + some(r, "0123456789abcdefABCDEF", 40)
}

// bech32 follows BIP 173: a version, 20 bytes in groups of five bits, six characters of check.
func bech32(prefix string, r *rand.Rand) string {
	const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	data := []byte{0}
	for range 32 {
		data = append(data, byte(r.IntN(32)))
	}
	poly := func(values []byte) uint32 {
		chk := uint32(1)
		for _, v := range values {
			top := chk >> 25
			chk = (chk&0x1ffffff)<<5 ^ uint32(v)
			for i, g := range []uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
				if top>>uint(i)&1 == 1 {
					chk ^= g
				}
			}
		}
		return chk
	}
	var all []byte
	for _, c := range []byte(prefix) {
		all = append(all, c>>5)
	}
	all = append(all, 0)
	for _, c := range []byte(prefix) {
		all = append(all, c&31)
	}
	all = append(append(all, data...), 0, 0, 0, 0, 0, 0)
	sum := poly(all) ^ 1
	out := prefix + "1"
	for _, d := range data {
		out += string(letters[d])
	}
	for i := range 6 {
		out += string(letters[sum>>(5*(5-i))&31])
	}
	return out
}

func ip(r *rand.Rand) string {
	if r.IntN(4) > 0 {
		return fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(223), r.IntN(256), r.IntN(256), 1+r.IntN(254))
	}
	parts := make([]string, 8)
	for i := range parts {
		parts[i] = fmt.Sprintf("%x", 1+r.IntN(0xfffe))
	}
	if r.IntN(2) == 0 {
		return "2001:db8::" + parts[0] + ":" + parts[1]
	}
	return strings.Join(parts, ":")
}

// regions are all that libphonenumber knows, in order.
var regions = func() []string {
	var out []string
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if r := string(a) + string(b); phonenumbers.GetExampleNumber(r) != nil {
				out = append(out, r)
			}
		}
	}
	return out
}()

// phone changes the last digits of a region's example and keeps what is still valid, in one of the usual forms.
func phone(r *rand.Rand) string {
	for {
		region := pick(r, regions)
		kind := pick(r, []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE})
		n := phonenumbers.GetExampleNumberForType(region, kind)
		if n == nil {
			continue
		}
		text := phonenumbers.Format(n, phonenumbers.E164)
		changed := text[:len(text)-3] + some(r, digits, 3)
		n, err := phonenumbers.Parse(changed, "")
		if err != nil || !phonenumbers.IsValidNumber(n) {
			continue
		}
		switch r.IntN(6) {
		case 0:
			return phonenumbers.Format(n, phonenumbers.E164)
		case 1, 2:
			return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
		}
		v := phonenumbers.Format(n, phonenumbers.NATIONAL)
		if sep := pick(r, []string{"", "-", "."}); sep != "" && r.IntN(3) == 0 {
			v = strings.ReplaceAll(v, " ", sep)
		}
		return v
	}
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func jwt(r *rand.Rand) string {
	head := pick(r, []string{`{"alg":"HS256","typ":"JWT"}`, `{"alg":"RS256","kid":"` + some(r, hexes, 8) + `"}`, `{"typ":"JWT","alg":"ES256"}`, `{ "alg": "none" }`})
	body := fmt.Sprintf(`{"sub":"%s","iat":%s,"name":"%s"}`, some(r, digits, 6), "17"+some(r, digits, 8), some(r, lowers, 6))
	return b64(head) + "." + b64(body) + "." + some(r, alnums+"-_", 43)
}

func pem(r *rand.Rand) string {
	kind := pick(r, []string{"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"})
	out := "-----BEGIN " + kind + "-----\n"
	for range 3 + r.IntN(8) {
		out += some(r, alnums+"+/", 64) + "\n"
	}
	return out + some(r, alnums, 22) + "==\n-----END " + kind + "-----"
}

func urlSecret(r *rand.Rand) string {
	return some(r, lowers, 3+r.IntN(6)) + ":" + pick(r, []func() string{
		func() string { return some(r, alnums, 8+r.IntN(12)) },
		func() string { return some(r, lowers, 6) + "%40" + some(r, digits, 3) },
		func() string { return some(r, alnums, 5) + "!" + some(r, lowers, 4) },
	})()
}

func connection(r *rand.Rand) string { return urlSecret(r) }

func password(r *rand.Rand) string {
	return pick(r, []func() string{
		func() string { return some(r, alnums, 8+r.IntN(8)) + pick(r, []string{"!", "#", "?", "$1"}) },
		func() string { return some(r, uppers, 1) + some(r, lowers, 6) + some(r, digits, 2) + "!" },
		func() string { return some(r, digits, 4+r.IntN(4)) },
		func() string { return some(r, lowers, 5) + "-" + some(r, lowers, 5) + "-" + some(r, lowers, 4) },
	})()
}

// vendor follows the forms that vendors publish.
func vendor(r *rand.Rand) string {
	return pick(r, []func() string{
		func() string { return "ghp_" + some(r, alnums, 36) },
		func() string { return "github_pat_" + some(r, alnums, 22) + "_" + some(r, alnums, 59) },
		func() string { return "glpat-" + some(r, alnums, 20) },
		func() string { return "AKIA" + some(r, uppers[:26]+"234567", 16) },
		func() string {
			return "xoxb-" + some(r, digits, 12) + "-" + some(r, digits, 12) + "-" + some(r, alnums, 24)
		},
		func() string { return "sk_live_" + some(r, alnums, 24) },
		func() string { return "AIza" + some(r, alnums+"-_", 35) },
		func() string { return "npm_" + some(r, alnums, 36) },
		func() string { return "SG." + some(r, alnums, 22) + "." + some(r, alnums, 43) },
		func() string { return "dop_v1_" + some(r, hexes, 64) },
		func() string { return "hf_" + some(r, lowers+uppers, 34) },
		func() string { return "pypi-AgEIcHlwaS5vcmc" + some(r, alnums, 60) },
		func() string { return "shpat_" + some(r, hexes, 32) },
		func() string {
			return "https://hooks.slack.com/services/T" + some(r, uppers+digits, 8) + "/B" + some(r, uppers+digits, 8) + "/" + some(r, alnums, 24)
		},
	})()
}
