package redact

import "testing"

// TestNewAuthors holds kinds of values that sets of other authors have and that were missed: numbers with letters and a hyphen in front, names in the address
// of a page, digits that a reader of pictures took for letters, names of users, whole addresses of the sixth protocol, Japanese names in an English form.
func TestNewAuthors(t *testing.T) {
	for text, want := range map[string]string{
		"Patient record (MRN: MRN-1015952), seen":              "Patient record (MRN: <ID#1>), seen",
		`{"employee_id": "EMP-36653"}`:                         `{"employee_id": "<ID#1>"}`,
		"Prescriber DEA: BJ6819495":                            "Prescriber DEA: <ID#1>",
		"Passport: Ld012345":                                   "Passport: <ID#1>",
		"The license plate of my car is C-X 2458.":             "The license plate of my car is <ID#1>.",
		"License plate: M AB 1234":                             "License plate: <ID#1>",
		"License plate: 123A":                                  "License plate: <ID#1>",
		"https://example.org/p?name=Ottilie+Quint&a=1":         "https://example.org/p?name=<PERSON#1>&a=1",
		"https://example.org/p?a=1&name=Anna Berg":             "https://example.org/p?a=1&name=<PERSON#1>",
		"x = 1 # Contact Dr. Gutierrez at the desk":            "x = 1 # Contact <PERSON#1> at the desk",
		"Patient: 恵子 小林 (MRN 104-7)":                           "Patient: <PERSON#1> (MRN 104-7)",
		"SSN l40-12-4958":                                      "SSN <SSN#1>",
		"Card: 4111 lll1 1l11 1111":                            "Card: <CARD#1>",
		"4ll1111111111111 was declined":                        "<CARD#1> was declined",
		"User name: jane42":                                    "User name: <ID#1>",
		`"db_user": "katherinewright279",`:                     `"db_user": "<ID#1>",`,
		"handle: marco.rossi":                                  "handle: <ID#1>",
		"GRANT ALL ON *.* TO 'dev_9960'@'%'":                   "GRANT ALL ON *.* TO '<ID#1>'@'%'",
		"ping fe80::7:8%eth0 now":                              "ping <IP#1> now",
		"fe80:0:0:0:204:61ff:254.157.241.86":                   "<IP#1>",
		`rejected, received password value p@ssw0rd!26", null`: `rejected, received password value <SECRET#1>", null`,
		`"secret value: Qx-Kiwi#2031"`:                         `"secret value: <TOKEN#1>"`,
	} {
		if got := newRedactor(t).redact([]byte(text)); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
	for _, keep := range []string{
		"a role of four years (2017–2021)", "returned (550 5.1.1 mailbox unavailable)", `{"auth_method": "password", "mfa": false}`, `{"service": {"name": "billing-api"}}`,
		`{"entity": "postcode", "entity_id": null}`, "username = args.user2", "username: admin", "username=user1", "-U, --username=JOHN_DOE", "CREATE USER 'app'@'localhost'", "GET /p?name=colour&a=1",
		"SOS-12-4958b", "ABC1 DEF2 4111 lll1", "Version 中文 only",
	} {
		if got := newRedactor(t).redact([]byte(keep)); got != keep {
			t.Errorf("%q became %q", keep, got)
		}
	}
}

// TestWordsOfInterfaces holds texts of programs and of other languages in which a capital, or a small word that nobody knows, is no name; and sentences of the
// same kind that have one.
func TestWordsOfInterfaces(t *testing.T) {
	for _, keep := range []string{
		"Wyczyszczenie komunikatu aktualizacji", "Określa, kiedy powinien być wyświetlany pasek", "no existe una redefinición", "Colour to use for odd rows",
		"Licence of this program", "elif not path or path.endswith(sep):", "prefix = sep if isabs else sep", "use -Wdate-time to see it", "Die Breite des Rands um die Beschriftung im Fenster",
		"Keine Schlüssel in der Schlüsseltabelle", "kan inte avgöra omedelbar storlek",
	} {
		if got := newRedactor(t).redact([]byte(keep)); got != keep {
			t.Errorf("%q became %q", keep, got)
		}
	}
	for text, want := range map[string]string{
		"Das hat der Sprecher Winfried Leibinger in der Sitzung nicht gesagt": "Das hat der Sprecher <PERSON#1> in der Sitzung nicht gesagt",
		"Es ist auch für den Trainer Peter Laslett nicht leicht":              "Es ist auch für den Trainer <PERSON#1> nicht leicht",
		"i met katarzyna at the (small) shop":                                 "i met <PERSON#1> at the (small) shop",
		"katarzyna = my new boss":                                             "<PERSON#1> = my new boss",
		"call siobhan if x == 3":                                              "call <PERSON#1> if x == 3",
		"todo: email brzezicki => today":                                      "todo: email <PERSON#1> => today",
		"name: jean-pierre":                                                   "name: <PERSON#1>",
		`{"name": "anna-lena"}`:                                               `{"name": "<PERSON#1>"}`,
		"Ottilie was there when the kubectl and systemctl units failed":       "<PERSON#1> was there when the kubectl and systemctl units failed",
		"17 August  2024     Purchase Hydro     81,20":                        "17 August  2024     Purchase Hydro     81,20",
	} {
		if got := newRedactor(t).redact([]byte(text)); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}

// TestBetweenTags holds passwords in pages and settings, where tags stand between a label and its value, and what stands there in other places.
func TestBetweenTags(t *testing.T) {
	for text, want := range map[string]string{
		"<password>kiwi8842x</password>":                              "<password><SECRET#1></password>",
		`<db:Pass encoding="plain">kiwikiwi</db:Pass>`:                `<db:Pass encoding="plain"><SECRET#1></db:Pass>`,
		"<td>Password</td><td>kiwi8842x</td>":                         "<td>Password</td><td><SECRET#1></td>",
		"<dt>Password:</dt> <dd>kiwi8842x</dd>":                       "<dt>Password:</dt> <dd><SECRET#1></dd>",
		"<b>Password:</b> kiwi8842x<br>":                              "<b>Password:</b> <SECRET#1><br>",
		"<li><strong>PIN</strong>: 4821</li>":                         "<li><strong>PIN</strong>: <SECRET#1></li>",
		`<string name="password">kiwi8842x</string>`:                  `<string name="password"><SECRET#1></string>`,
		"<key>password</key><string>kiwi8842x</string>":               "<key>password</key><string><SECRET#1></string>",
		"password: kiwi<break8842":                                    "password: <SECRET#1>",
		"password: kiwi8842x<br/>or so":                               "password: <SECRET#1><br/>or so",
		"requirepass kiwi8842x":                                       "requirepass <SECRET#1>",
		"echo 'bob:kiwi8842x' | chpasswd":                             "echo 'bob:<SECRET#1>' | chpasswd",
		"PASS = 'kiwikiwi!Zed'":                                       "PASS = '<SECRET#1>'",
		"Password ....... kiwi8842x":                                  "Password ....... <SECRET#1>",
		`<label>Password</label><input type="password" name="pass">`:  `<label>Password</label><input type="password" name="pass">`,
		"<Password>Enter password</Password>":                         "<Password>Enter password</Password>",
		`<option value="password">Password</option>`:                  `<option value="password">Password</option>`,
		"List<Secret> a = new List<Token>();\nVec<Token>next\nb < 12": "List<Secret> a = new List<Token>();\nVec<Token>next\nb < 12",
		"<p>password</p><p>A fox jumps</p>":                           "<p>password</p><p>A fox jumps</p>",
		"able, about, above, accident, across, action, actual, adapt, adult, again, agent, album, alien, alley": "able, about, above, accident, across, action, actual, adapt, adult, again, agent, album, alien, alley",
	} {
		if got := newRedactor(t).redact([]byte(text)); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}

// TestBareKeys holds keys of programs that stand behind their label without a mark, and need not look random.
func TestBareKeys(t *testing.T) {
	for text, want := range map[string]string{
		"pay bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a today": "pay <WALLET#1> today",
		"pay qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a today":             "pay <WALLET#1> today",
		"canister rrkah-fqaaa-a2aaa-aa3aq-cai":                             "canister <TOKEN#1>",
		"a list: hello-world-small-seven-abc":                              "a list: hello-world-small-seven-abc",
		"spoonacular_SECRET abcdef0123456789abcdef0123456789":              "spoonacular_SECRET <TOKEN#1>",
		"access token abcdef0123456789abcdef":                              "access token <TOKEN#1>",
		"the token expected_length and 20 more":                            "the token expected_length and 20 more",
		"a secret abcdefghijklmnopqrstuvwxyz":                              "a secret abcdefghijklmnopqrstuvwxyz",
	} {
		if got := newRedactor(t).redact([]byte(text)); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}
