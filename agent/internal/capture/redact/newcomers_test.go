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
