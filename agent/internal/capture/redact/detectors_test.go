package redact

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zricethezav/gitleaks/v8/config"
	"pgregory.net/rapid"
)

// without is the engine with one detector unplugged.
func engineWithout(t testing.TB, name string) *Redactor {
	r := newRedactor(t)
	for i, d := range r.engine.detectors {
		if d.name == name {
			r.engine.detectors[i].find = func(*search) error { return nil }
			return r
		}
	}
	t.Fatalf("no detector %q", name)
	return nil
}

var detectorCases = []struct{ detector, text, want string }{
	{"digits", "a 123-45-6789 b", "a <SSN#1> b"},
	{"digits", "a 123 45 6789 b", "a <SSN#1> b"},
	{"digits", "a 000-45-6789 b", "a <NUMBER#1> b"},
	{"digits", "a 4539148803436467 b", "a <CARD#1> b"},
	{"digits", "a 4539 1488 0343 6467 b", "a <CARD#1> b"},
	{"digits", "a 4539-1488-0343-6467 b", "a <CARD#1> b"},
	{"digits", "a 4539148803436468 b", "a <NUMBER#1> b"},
	{"digits", "a 378282246310005 b", "a <CARD#1> b"},
	{"digits", "a 1234567890123 b", "a <NUMBER#1> b"},
	{"digits", "ref 123-45-", "ref <NUMBER#1>-"},
	{"iban", "a DE89 3704 0044 0532 0130 00 b", "a <IBAN#1> b"},
	{"iban", "a gb82west12345698765432 b", "a <IBAN#1> b"},
	{"email", "a jane.doe+x@example.co.uk, b", "a <EMAIL#1>, b"},
	{"email", "a jane@exa b", "a <EMAIL#1> b"},
	{"userinfo", "https://bob:hunter2@host/x", "https://<SECRET#1>/x"},
	{"aws", "a AKIAIOSFODNN7 b", "a <SECRET#1> b"},
	{"aws", "a akiaiosfodnn7examplf b", "a <SECRET#1> b"},
	{"vendor", "a ghp_" + "Zx81kPq0LmNv7RtYw2CbDs5FgHj4KaQe6UiT b", "a <SECRET#1> b"},
	{"label", "password: hunter2 b", "password: <SECRET#1> b"},
	{"label", "my passphrase is correct-horse b", "my passphrase is <SECRET#1> b"},
	{"label", "secret_key: abc8x!k2 b", "secret_key: <TOKEN#1> b"},
	{"bearer", "Authorization: Bearer mF_9.B5f b", "Authorization: Bearer <SECRET#1> b"},
	{"bearer", "jdbc:oracle:thin:scott/tiger99@db b", "jdbc:oracle:thin:<SECRET#1> b"},
	{"words", "your code is 482913.", "your code is <SECRET#1>."},
	{"words", "ask 12345678Z about it", "ask <ID#1> about it"},
	{"words", "von RSSMRA85T10A562S da", "von <ID#1> da"},
	{"words", "a 0800.274e.66a1 b", "a <IP#1> b"},
	{"words", "legal winner thank year wave sausage worth useful legal winner thank yellow", "<SECRET#1>"},
	{"ip4", "a 192.168.1.77 b", "a <IP#1> b"},
	{"ip6", "a fe80::1ff:fe23:4567:890a b", "a <IP#1> b"},
	{"ip6", "a 00:1a:2b:3c:4d:5e b", "a <IP#1> b"},
	{"phone", "a +49 30 901820 b", "a <PHONE#1> b"},
	{"phone", "a (415) 555-2671 b", "a <PHONE#1> b"},
	{"phone", "a 555-2671 b", "a <PHONE#1> b"},
	{"phone", "a 0171 5558812 b", "a <PHONE#1> b"},
	{"jwt", "a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl b", "a <JWT#1> b"},
	{"pem", "a -----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHcHbQpzGKV9PBbBclGyZkXfTC\nabc\n-----END PRIVATE KEY----- b", "a <KEY#1> b"},
	{"pem", "a -----BEGIN PRIVATE KEY-----\nMIIB\nabc\n-----END PRIVATE KEY----- b", "a <TOKEN#1> b"},
	{"pem", "a -----BEGIN PRIVATE KEY-----\nMIIB", "a <KEY#1>"},
	{"wallet", "a 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa b", "a <WALLET#1> b"},
	{"wallet", "a bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 b", "a <WALLET#1> b"},
	{"wallet", "a 0x52908400098527886E0F7030069857D2E4169EE7 b", "a <WALLET#1> b"},
	{"encoded", "a amFuZUBhLWIub3Jn b", "a <TOKEN#1> b"},
	{"encoded", "a to%3Djane%40example.com b", "a <TOKEN#1> b"},
	{"words", "My name is Rosamund Achterberg.", "My name is <PERSON#1>."},
	{"words", "ask Mr. Brown about it", "ask <PERSON#1> about it"},
	{"words", "First name: Jane", "First name: <PERSON#1>"},
	{"words", "I live at 12 Baker Street, London SW1A 1AA", "I live at <ADDRESS#1>"},
	{"words", "wohnhaft in der Hauptstraße 5", "wohnhaft in der <ADDRESS#1>"},
	{"words", "we moved here from Tunisia", "we moved here from <PLACE#1>"},
	{"words", "she was born on 12 March 1984", "she was born on <DATE#1>"},
	{"words", "he is 46 years old", "he is <AGE#1> years old"},
	{"words", "passport no. C01X00T47", "passport no. <ID#1>"},
	{"words", "I work for Achterberg", "I work for <PERSON#1>"},
	{"words", "Achterberg Consulting GmbH", "<ORG#1>"},
	{"scripts", "안녕하세요, 최민아 과장이 안내합니다.", "안녕하세요, <PERSON#1> 과장이 안내합니다."},
	{"scripts", "배송은 부산광역시 해운대구 우동 1234-5번지", "배송은 <ADDRESS#1>"},
	{"indic", "नाम: राहुल शर्मा", "नाम: <PERSON#1>"},
	{"token", "a f3a91c07b2de4488a0c1 b", "a <TOKEN#1> b"},
	{"token", "a 550e8400-e29b-41d4-a716-446655440000 b", "a <TOKEN#1> b"},
}

func TestDetectors(t *testing.T) {
	for _, c := range detectorCases {
		t.Run(c.detector+"/"+c.text, func(t *testing.T) {
			if got := newRedactor(t).redact([]byte(c.text)); got != c.want {
				t.Errorf("%q\n got %q\nwant %q", c.text, got, c.want)
			}
			if got := engineWithout(t, c.detector).redact([]byte(c.text)); got == c.want {
				t.Errorf("%q: the case passes without the detector that it is about", c.text)
			}
		})
	}
	tested := map[string]bool{"patterns": true, "terms": true} // TestPolicyRules
	for _, c := range detectorCases {
		tested[c.detector] = true
	}
	for _, d := range newRedactor(t).engine.detectors {
		if !tested[d.name] {
			t.Errorf("detector %q has no case", d.name)
		}
	}
}

func TestPolicyRules(t *testing.T) {
	text := []byte("projekt FALKE NEUN, case AB-77, Straße")
	want := "projekt <TERM#1>, case <TERM#2>, <TERM#3>"
	full := func() *Redactor {
		r := newRedactor(t)
		if err := r.engine.addPolicy([]string{`AB-\d+`}, []string{"Falke Neun", "straße"}); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if got := full().redact(text); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, name := range []string{"patterns", "terms"} {
		r := full()
		for i := range r.engine.detectors {
			if r.engine.detectors[i].name == name {
				r.engine.detectors[i].find = func(*search) error { return nil }
			}
		}
		if r.redact(text) == want {
			t.Errorf("the case passes without %s", name)
		}
	}
	e := &engine{}
	for _, bad := range [][]string{{"("}, {strings.Repeat("a", mostPattern+1)}, make([]string, mostPatterns+1), {`(a{1000}){1000}`}} {
		if e.addPolicy(bad, nil) == nil {
			t.Errorf("patterns %.20q were taken", bad)
		}
	}
}

// TestClean holds what must not be redacted.
func TestClean(t *testing.T) {
	r := newRedactor(t)
	for _, text := range []string{
		"Dear all, the meeting is at 10:30 on 24.11. in room 12.", "version 1.2.3, build 4711", "see page 12-14, 3 items at 19.99",
		"func getElementsByClassName(name string) []Element {", "https://example.com/docs/getting-started.html", "it is 2026 already",
		"Save As... (Ctrl+S)", "some-long-path-name-with-words", "Donaudampfschifffahrtsgesellschaft", "der Schlüssel liegt unter der Matte",
		"naïve café, Ωmega, Привет мир", "a/b/c.txt changed 3 times, 120 lines",
	} {
		if got := r.redact([]byte(text)); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestDisguised writes the same values with characters that only look the same.
func TestDisguised(t *testing.T) {
	r := newRedactor(t)
	for _, c := range []struct{ name, text, want string }{
		{"full width", "a １２３－４５－６７８９ b", "a <SSN#1> b"},
		{"arabic-indic", "a ٤٥٣٩١٤٨٨٠٣٤٣٦٤٦٧ b", "a <CARD#1> b"},
		{"zero width", "a 123-4\u200b5-67\u200d89 b", "a <SSN#1> b"},
		{"at sign", "a jane＠example．com b", "a <EMAIL#1> b"},
		{"cyrillic", "a АKIАIОSFОDNN7ЕХАМРLЕ b", "a <TOKEN#1> b"},
		{"dashes", "a 123–45—6789 b", "a <SSN#1> b"},
		{"no-break space", "a 4539\u00a01488\u00a00343\u00a06467 b", "a <CARD#1> b"},
		{"bold digits", "a 𝟒𝟓𝟑𝟗𝟏𝟒𝟖𝟖𝟎𝟑𝟒𝟑𝟔𝟒𝟔𝟕 b", "a <CARD#1> b"},
		{"accents", "a 1\u03012\u03013-45-6789 b", "a <SSN#1> b"},
	} {
		if got := r.redact([]byte(c.text)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestAmong puts each case among letters that no folding turns into Latin ones.
func TestAmong(t *testing.T) {
	for _, c := range detectorCases {
		if got := newRedactor(t).redact([]byte("日本 я ω " + c.text)); got != "日本 я ω "+c.want {
			t.Errorf("%q: got %q", c.text, got)
		}
	}
}

// TestTokens sees to it that one value has one number, however it is written.
func TestTokens(t *testing.T) {
	r := newRedactor(t)
	got := r.redact([]byte("4539148803436467 x@y.org 4539 1488 0343 6467 X@Y.ORG 4111111111111111"))
	if want := "<CARD#1> <EMAIL#1> <CARD#1> <EMAIL#1> <CARD#2>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestBroken sees to it that a detector that fails in any way costs the whole value.
func TestBroken(t *testing.T) {
	for name, find := range map[string]func(*search) error{
		"error":   func(*search) error { return errors.New("no") },
		"panic":   func(s *search) error { _ = s.text[len(s.text)]; return nil },
		"overrun": func(s *search) error { return s.spend(mostWork + 1) },
		"spans": func(s *search) error {
			for range mostSpans + 2 {
				s.add(0, 1, token)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRedactor(t)
			r.engine.detectors = append(r.engine.detectors, detector{name, needAt, find})
			if got := r.redact([]byte("harmless @ text")); got != "<OPAQUE#1>" {
				t.Errorf("got %q", got)
			}
			if got := nets(append(typeText(t, r, "harmless @ text\n"), r.Flush()...)); strings.Contains(got, "harm") {
				t.Errorf("typed text: got %q", got)
			}
		})
	}
	if got := newRedactor(t).redact([]byte(strings.Repeat("a b ", mostText/4+1))); got != "<OPAQUE#1>" {
		t.Errorf("a text that is too long became %.40q", got)
	}
}

// TestVendorRules makes a key by each rule of gitleaks and types it.
func TestVendorRules(t *testing.T) {
	e := newRedactor(t).engine
	if len(e.vendor) < 200 {
		t.Fatalf("only %d rules", len(e.vendor))
	}
	if !strings.Contains(config.DefaultConfig, "[[rules]]") {
		t.Fatal("gitleaks' configuration is empty")
	}
	reached := 0
	for i, rule := range e.vendor {
		re, err := rule.compiled()
		if err != nil {
			t.Errorf("%s: %v", rule.ID, err)
			continue
		}
		gen := rapid.StringMatching(rule.Regex)
		for seed := range 40 {
			text := []byte(gen.Example(seed))
			m, err := re.find(text)
			if m == nil || err != nil {
				continue
			}
			start, end := rule.secret(m)
			if placeholder(text[start:end]) || rule.ID == "kubernetes-secret-yaml" && len(rule.Allowlists) > 0 { // its own list of exceptions is wide
				continue
			}
			if rule.Entropy > 0 && entropy(text[start:end]) < rule.Entropy {
				continue
			}
			var g gateState
			e.folded.fold(text)
			e.spot(e.folded.text, &g)
			if !reachedRule(e, i) {
				continue // by chance without its key word, as gitleaks would have it
			}
			reached++
			covered := false
			for _, s := range e.scan(text) {
				covered = covered || s.start <= start && s.end >= end || s.end > start && s.start < end && end-start < 4
			}
			if m, _ := re.find(e.folded.text); !covered && m != nil {
				t.Errorf("%s: %q is not covered", rule.ID, text[start:end])
			}
			break
		}
	}
	if reached < 150 {
		t.Errorf("only %d rules were reached", reached)
	}
}

// reachedRule tells whether the gate saw a key word of rule i.
func reachedRule(e *engine, i int) bool {
	for _, h := range e.hits {
		if slices.Contains(e.keys[h.word].rules, int32(i)) {
			return true
		}
	}
	return false
}

// TestOtherAuthors holds classes of values that texts of other styles missed: each stands for its kind.
func TestOtherAuthors(t *testing.T) {
	for _, c := range []struct{ text, left string }{
		{"Passwort lautet Sommer#2025", "Sommer"}, {"pw: hunter22", "hunter"}, {"mysql -u root -pSup3rS3cret shop", "Sup3"}, {"sshpass -p 'l0g1nNow' ssh x", "l0g1"},
		{"WIFI:T:WPA;S:Home;P:garden-gate9;;", "gard"}, {"Use 771204 to verify your account", "7712"}, {"Your verification code is 094 221", "094"},
		{"G-482910 is your Google verification code.", "4829"}, {"mi DNI es 12345678Z hoy", "12345"}, {"CIF: B58378431", "B583"}, {"GSTIN 27BNZPM2501F1ZV", "27BN"},
		{"ni AB 12 34 56 C da", "12 34"}, {"HWaddr 08-00-27-4E-66-A1", "4E-6"}, {"1. letter 2. advice 3. cage 4. absurd 5. amount 6. doctor 7. acoustic 8. avoid 9. letter 10. advice 11. cage 12. above", "lett"},
		{"INSERT INTO t VALUES (3,'Okafor','1969-11-30');", "Okaf"}, {"<td>Emeka Nwosu</td><td>x</td>", "Emeka"}, {"name;street;town\nHannelore Dürr;Lindenstraße 12;70173;Stuttgart", "Stutt"},
		{"3;Lucie Dvořáková;Husova 5;1979-05-12", "Husova"}, {"born on the 5th of November 1961", "Novem"}, {"birth_date=19780417", "1978"}, {"15 bis rue de la Paix, 75002 Paris", "15"},
		{"call 555.2671 or 2212.3246 or 34 10 1442", "1442"}, {"+49 (0)89 / 123 456-78", "89"},
		{"at (2345-2567) from noon", "2345"},
	} {
		if got := newRedactor(t).redact([]byte(c.text)); strings.Contains(got, c.left) {
			t.Errorf("%q became %q", c.text, got)
		}
	}
	for _, clean := range []string{"\"GET /index.html HTTP/1.1\" 200 51234", "the exit code is 137", "License: LGPL-2.1", "[04/Jan:10:11:12 +0000]", "npm install typescript@5.4.2", "PASS: TestFoo"} {
		if got := newRedactor(t).redact([]byte(clean)); got != clean {
			t.Errorf("%q became %q", clean, got)
		}
	}
}

// TestCostly searches texts that are made to cost much: without bounds a longer one of them takes minutes.
func TestCostly(t *testing.T) {
	r := newRedactor(t)
	for _, part := range []string{"pin:", "api_key="} {
		text := strings.Repeat(part, 1<<16/len(part))
		if got := r.redact([]byte(text)); len(got) >= len(text) {
			t.Errorf("%q over and over is left as it is", part)
		}
	}
	if numbers := strings.Repeat("12\t", mostText/3); r.redact([]byte(numbers)) != numbers { // as tables have them
		t.Error("a table of small numbers is not left as it is")
	}
	rows := strings.Repeat("INSERT INTO t (city, pin) VALUES (", mostText/len("INSERT INTO t (city, pin) VALUES ("))
	if got := r.redact([]byte(rows)); got != "<OPAQUE#1>" {
		t.Errorf("rows without an end are read over and over: %.40q", got)
	}
	far := "echo kiwi8842x " + strings.Repeat(" ", longestPipe) + "| "
	s := &search{engine: r.engine, text: []byte(far + "chpasswd")}
	if from, to := s.echoed(len(far)); from != to {
		t.Errorf("each command of a row looks back over all of it: %d to %d", from, to)
	}
	name := " --" + strings.Repeat("x", longestWord)
	for what, far := range map[string]string{
		"label of a word":   name + "password hunter_22",
		"comparison":        `"hunter_22" == x` + name[3:] + "password",
		"command of a line": "net use Z: " + strings.Repeat("x ", longestPipe) + "hunter_22 /user:bob",
	} {
		s := &search{engine: r.engine, text: []byte(far)}
		s.compared(len(far) - len("password"))
		s.command(len(far)-len("/user:bob"), len(far)-len("bob"))
		if v := s.flag(len(name), len(name)+len("password")); v > 0 || len(s.found) > 0 {
			t.Errorf("each %s looks back over all of it: %d, %v", what, v, s.found)
		}
	}
}
