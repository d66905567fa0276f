package redact

import "testing"

// becomes holds what texts become, and that others stay as they are.
func becomes(t *testing.T, want map[string]string, keep []string) {
	t.Helper()
	for text, want := range want {
		if got := newRedactor(t).redact([]byte(text)); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
	for _, keep := range keep {
		if got := newRedactor(t).redact([]byte(keep)); got != keep {
			t.Errorf("%q became %q", keep, got)
		}
	}
}

// TestRecords holds values beside labels in all the forms in which programs and people put them, and values of programs beside the same labels.
func TestRecords(t *testing.T) {
	becomes(t, map[string]string{
		"<b>Name</b>: <i>'Ottilie Quint'</i>":                          "<b>Name</b>: <i>'<PERSON#1>'</i>",
		"password: *Kiwi2031":                                          "password: <SECRET#1>",
		`{"homeCity": "Wuppertal", "zip_code": "42103"}`:               `{"homeCity": "<PLACE#1>", "zip_code": "<ADDRESS#1>"}`,
		"<user><firstName>Ottilie</firstName><pin>4821</pin></user>":   "<user><firstName><PERSON#1></firstName><pin><SECRET#1></pin></user>",
		"<tr><td>Swift code</td><td>COBADEFFXXX</td></tr>":             "<tr><td>Swift code</td><td><ID#1></td></tr>",
		"login=ottilie.quint&city=Bad+Sulza&pwd=x":                     "login=<ID#1>&city=<PLACE#1>&pwd=x",
		"BIC: COBADEFF370":                                             "BIC: <ID#1>",
		"my swift code is COBADEFFXXX, thanks":                         "my swift code is <ID#1>, thanks",
		"INSERT INTO t (user_name, cvv) VALUES ('ottilie77', '123');":  "INSERT INTO t (user_name, cvv) VALUES ('<ID#1>', '<SECRET#1>');",
		"lat,lon,username\n48.20849,16.37208,ottilie77":                "lat,lon,username\n<PLACE#1>,<PLACE#2>,<ID#1>",
		"licensePlate=7ABC123":                                         "licensePlate=<ID#1>",
		"Expiry date: 04/27":                                           "Expiry date: <DATE#1>",
		"valid thru 04/2027":                                           "valid thru <DATE#1>",
		"4111111111111111, expires 04/27":                              "<CARD#1>, expires <DATE#1>",
		"Card 4111111111111111 (04/27)":                                "Card <CARD#1> (<DATE#1>)",
		"latitude: 48.20849":                                           "latitude: <PLACE#1>",
		"She sat at [48.20849, 16.37208] for an hour":                  "She sat at [<PLACE#1>] for an hour",
		"<street>12 Quince Unions</street>":                            "<street><ADDRESS#1></street>",
		"<p>Name: Ottilie</p><p>Age group: b</p>":                      "<p>Name: <PERSON#1></p><p>Age group: b</p>",
		"Employee ID: KZX760DP":                                        "Employee ID: <ID#1>",
		"medical record number MED35320829":                            "medical record number <ID#1>",
		"Medical Record # 197054":                                      "Medical Record # <ID#1>",
		"They sent U79637731 and NA31686IN to the office":              "They sent <ID#1> and <ID#2> to the office",
		"hedera account 0.0.123456":                                    "hedera account <WALLET#1>",
		"Please check the latest report using the hu&0.B9P and go on.": "Please check the latest report using the <SECRET#1> and go on.",
		`<add key="DbPassword" value="Kiwi1117" />`:                    `<add key="DbPassword" value="<SECRET#1>" />`,
		"My password is $Quince78.":                                    "My password is <SECRET#1>",
		"- Password: **Kiwi#2031**":                                    "- Password: **<SECRET#1>",
		"Your password has been set to kiwi_love35":                    "Your password has been set to <SECRET#1>",
		"<p>Password: <b>kiwi1740</b></p>":                             "<p>Password: <b><SECRET#1></b></p>",
		"creds: ottilie-q:kiwi_cat20":                                  "creds: ottilie-q:<SECRET#1>",
		`variable "db_password" { default = "kiwi97xq" }`:              `variable "db_password" { default = "<SECRET#1>" }`,
		"bindpw )2Smn$w#":                                              "bindpw <SECRET#1>",
		"Kiwi#2031 is the password for the shared drive":               "<SECRET#1> is the password for the shared drive",
		`net use Z: \\files\share /user:ottilie kiwi57*`:               `net use Z: \\files\share /user:ottilie <SECRET#1>`,
	}, []string{
		`city: String`, `"city": "Select"`, "pin = 13", `{"lat": 0, "lon": 0}`, "<city></city>", "username = db.user2", `"username": "string"`,
		"username: grafana", "location: /srv/data", "street = street_type", "a matrix of [0.5432, 0.1234], [0.2026, -0.0505]", "KB5034441 is an update", "RTX4090 and WH1000XM4", "version 0.0.12",
		"handle = win32.STDERR", "serviceAccountName: query-broker-service-account", "the offer expires soon", "position: 3.5, 2.5", `name = "general_pythagorean"`, "password: $DB_PASS", "password = *ptr",
		"C++17 and Q&A2 and R2-D2!", "the password policy of Windows 10", "password=${KIWI78}", "echo $kiwi", `<th>City</th><th>Country</th>`,
		"The Subject&#x27;s serial number", "username: )", "nick: _", `<a id="10.22.1"></a>`, "the peer address: IPv4 or IPv6", "password *uint16, flags", "oauth{token: *token}", "PwMax8Ux8, Iop_PwMax16Ux4, Iop_PwMax32Ux2", "the &#x27;default1&#x27; password",
	})
}

// TestHandles holds names of accounts that nothing but their form or the words around them tell, and words of programs that look like them.
func TestHandles(t *testing.T) {
	becomes(t, map[string]string{
		"Please ask kazuo.ito86 or thomasdupont59 about it": "Please ask <ID#1> or <ID#2> about it",
		"Hey tibfkg78970, how are you?":                     "Hey <ID#1>, how are you?",
		"Logged in as bymykjbot3455":                        "Logged in as <ID#1>",
		"my discord is kchristian":                          "my discord is <ID#1>",
		"Follow @ottilie.quint on the forum":                "Follow @<ID#1> on the forum",
		"https://www.linkedin.com/in/ottilie-quint":         "https://www.linkedin.com/in/<ID#1>",
		"https://twitter.com/coffeewalker7":                 "https://twitter.com/<ID#1>",
		"cd /home/sbridges/src":                             "cd /home/<ID#1>/src",
		`C:\Users\ottilie\Desktop`:                          `C:\Users\<ID#1>\Desktop`,
		"My username is coolwalker24.":                      "My username is <ID#1>.",
		"user edwardmurphy logged in from here":             "user <ID#1> logged in from here",
		"Mein Benutzername ist sarakallert582":              "Mein Benutzername ist <ID#1>",
		"brianhoffman commented on your post":               "<ID#1> commented on your post",
	}, []string{
		"sha512 and utf8 and ipv6 and base64 and python311", "@rich_repr\nclass Style:", "@line_magic", "@override", "import { x } from '@babel/core'", "cd /home/user/src", "/home/runner/work", "github.com/golang/go",
		"https://github.com/features", "follow: this.follow,", "my discord is down", "user interface", "user123", "the user guide", "log4shell22", "follow us on twitter", "using GitLab as authentication provider", "Unpacking dbus-user-session_1.14.10-1~deb12u1_amd64.deb", "http2Transport", "case2Result9",
	})
}

// TestSpoken holds numbers and addresses that were said, and numbers with which people count.
func TestSpoken(t *testing.T) {
	becomes(t, map[string]string{
		"call nine eight double seven six five four oh three now":   "call <NUMBER#1> now",
		"card six for zero seven 0624 3882 3278 failed":             "card <PHONE#1> failed",
		"write to ottilie dot quint at example dot co dot uk today": "write to <EMAIL#1> today",
		"it is ottilie underscore q at mail dot example dot org":    "it is <EMAIL#1>",
	}, []string{
		"one two three four five six seven eight nine ten", "seven days at four to eight", "zero or one", "the dot com boom", "look at the dot net page", "eight of nine",
	})
}

// TestIndic holds names, homes and addresses in scripts of India, and messages of programs in them.
func TestIndic(t *testing.T) {
	becomes(t, map[string]string{
		"मेरा नाम राहुल शर्मा है":            "मेरा नाम <PERSON#1> है",
		"श्रीमती सुनीता देवी ने फोन किया।":   "श्रीमती <PERSON#1> ने फोन किया।",
		"डॉ. अनिल कुमार से मिलें।":           "डॉ. <PERSON#1> से मिलें।",
		"मैं जयपुर में रहता हूँ।":            "मैं <PLACE#1> में रहता हूँ।",
		"पता: 12, गांधी मार्ग, जयपुर 302001": "पता: <ADDRESS#1>",
		"పేరు: రవి కుమార్":                   "పేరు: <PERSON#1>",
		"பெயர்: குமார் ராஜா":                 "பெயர்: <PERSON#1>",
	}, []string{
		"यह फ़ाइल खोली नहीं जा सकी।", "अवैध नाम '%s': अंतिम वर्ण", "मेनू में पूरा नाम दिखाएँ", "चिह्न का नाम", "సెట్టింగులు మార్చు",
	})
}

// TestGermanSpeech holds family names that stand alone beside a verb of which people are the subject, and nouns in the same place.
func TestGermanSpeech(t *testing.T) {
	becomes(t, map[string]string{
		"Das ist noch weit entfernt, sagte Leibinger.":        "Das ist noch weit entfernt, sagte <PERSON#1>.",
		"Wir haben es nicht eilig, warnte Schmidt noch heute": "Wir haben es nicht eilig, warnte <PERSON#1> noch heute",
		"Das hat der Trainer Schmidt noch nicht":              "Das hat der Trainer <PERSON#1> noch nicht",
	}, []string{
		"Anfänglicher Schlüssel, in dem der Ton startet", "Zugeordneter Stapel für diese Ansicht", "Das ist die Meldung, die das Programm sagt",
	})
}
