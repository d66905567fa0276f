package redact

// ibanLengths holds the length of an IBAN by country (ISO 13616 registry).
var ibanLengths = map[[2]byte]int{}

func init() {
	const table = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27" +
		"GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20" +
		"MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"
	for i := 0; i+4 <= len(table); i += 4 {
		ibanLengths[[2]byte{table[i], table[i+1]}] = int(table[i+2]-'0')*10 + int(table[i+3]-'0')
	}
}

// ibanAt reads a bank account number that begins at i: how many of its characters are there, how many there should be
// (0: none begins here), and where it ends.
func ibanAt(text []byte, i int) (have, want, end int, value [34]byte) {
	if i+4 > len(text) || i > 0 && (kindOf[text[i-1]] == isDigit || kindOf[text[i-1]] == isLetter) ||
		kindOf[text[i+2]] != isDigit || kindOf[text[i+3]] != isDigit || kindOf[text[i]] != isLetter || kindOf[text[i+1]] != isLetter {
		return
	}
	want = ibanLengths[[2]byte{upper(text[i]), upper(text[i+1])}]
	for j := i; j < len(text) && have < want; j++ {
		switch kindOf[text[j]] {
		case isDigit, isLetter:
			value[have] = upper(text[j])
			have, end = have+1, j+1
		case isGap:
			if j > end {
				return
			}
		default:
			return
		}
	}
	return
}

func findIBAN(s *search) error {
	for _, g := range s.groups {
		i := g.start
		if i < 2 || kindOf[s.text[i-1]] != isLetter || kindOf[s.text[i-2]] != isLetter {
			continue
		}
		have, want, end, value := ibanAt(s.text, i-2)
		if want > 0 && have == want && mod97(value[:have]) {
			s.add(i-2, end, iban)
		}
	}
	return nil
}

// mod97 is the check of ISO 7064, over a value with its country and check digits still in front.
func mod97(v []byte) bool {
	r := 0
	for i := range v {
		switch c := v[(i+4)%len(v)]; {
		case c <= '9':
			r = (r*10 + int(c-'0')) % 97
		default:
			r = (r*100 + int(c-'A') + 10) % 97
		}
	}
	return r == 1
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c &^ 0x20
	}
	return c
}
