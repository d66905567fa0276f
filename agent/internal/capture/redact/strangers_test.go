package redact

import (
	"strings"
	"testing"
)

// TestStrangers holds kinds of texts that sets of other styles had and that were missed: labels in many languages, logins in commands and files,
// tables, lists of people, addresses behind a label, words in their own script. What stands between two "|" must not be left.
func TestStrangers(t *testing.T) {
	for _, text := range []string{
		// passwords behind a label, and where no mark stands between
		"Пароль: |осень-Kiwi82|", "密码：|kiwi-Table9|", "パスワード：|Kiwi2031|", "비밀번호: |kiwi8842x|", "كلمة المرور: |kiwi8842x|", "Hasło: |kiwikiwi|", "Şifre: |kiwikiwi|",
		"Salasana: |kiwikiwi|", "Jelszó: |kiwikiwi|", "Palavra-passe: |kiwikiwi|", "Security key: |kiwikiwi|", "la password è |Kiwi8842x|", "şifreniz |kiwi8842|", "the wifi password's |kiwi8842|, ask me",
		"Password for the printer: |kiwi8842|", "password |kiwi8842|", "Password:\n|kiwi8842|\n", "Password\n|kiwi8842|\n", "**Password:** |kiwikiwi|", "{\\\"password\\\": \\\"|kiwikiwi|\\\"}",
		"&quot;password&quot;:&quot;|kiwikiwi|&quot;", "'password' => '|kiwikiwi|'", "<input type=\"password\" value=\"|kiwikiwi|\">", "<add key=\"Password\" value=\"|kiwikiwi|\"/>", "$db_pass = '|kiwi88x|';",
		// logins in commands and files
		"machine files.example.org login bob password |kiwikiwi|", "machine files.example.org\nlogin bob\npassword |kiwikiwi|\n", "echo |kiwikiwi| | sudo -S true", "db.example.org:5432:app:bob:|kiwikiwi|",
		"curl -u bob:|kiwikiwi| https://example.org", "redis-cli -h cache -a |kiwikiwi| ping", "ldapsearch -x -D cn=bob -w |kiwikiwi| -b dc=example", "smbclient //files/a -U bob%|kiwikiwi|",
		"docker login -u bob -p |kiwikiwi| r.example.org", "net use Z: \\\\files\\a |kiwikiwi| /user:bob", "ConvertTo-SecureString \"|kiwikiwi|\" -AsPlainText", "login: bob / |kiwi8842|",
		"Use |kiwikiwi| as the password", "use code |G-551204| as your verification code", "the code for the safe is |31-07-88|", "user,password\nbob,|kiwikiwi|\n", "| user | password |\n|---|---|\n| bob | |kiwikiwi| |\n",
		// people
		"Attendees: |Ilse Brandvold|, |Tomas Quint|, |Ngozi|", "From: |Orla Quenneville|\nTo: |Bram Achterop|", "Signed-off-by: |Will Stone| <w@example.org>", "id,first_name,last_name\n1,|Rose|,|Banks|\n2,|Hope|,|Price|\n",
		"[10:23] |Alastair Hughes|: yes", "姓名：|王小明|", "Имя: |Наталья|", "Уважаемый |Сергей Петрович|, заказ готов.", "Вчера |Наталья| уехала домой.", "Ayer |Rocío Quintanilla| llamó por el contrato.",
		"Geachte heer |Volkov|,", "Happy birthday |Ngozi|!", "|ORLA QUENNEVILLE| CALLED ABOUT THE BROKEN HEATER", "Contact: |van der Quint|, Bram",
		// addresses, dates, ids
		"Adres: |Atatürk Caddesi No: 190, 34710 Kadıköy|", "Anschrift: |Unter den Eichen 8, 12203 Berlin|", "住所：|東京都渋谷区渋谷2-21-1|", "|161 avenue Jean Jaurès, 69007| Lyon", "Lindenallee |56 a|, 14050 Berlin",
		"生年月日：|1987年4月12日|", "Data urodzenia: |5 marca 1981|", "|January 13, 1976|", "nació el |12 de marzo de 1981|", "Номер паспорта: |4510 123456|", "Nr paszportu: |AB1234567|", "MEDICAL RECORD #: |9364528|",
		// e-mail in disguise
		"|anna.berg (at) example.com|", "|anna.berg [at] web [dot] de|", "|anna\\u0040example.com|", "|anna&#64;example.com|",
	} {
		parts := strings.Split(strings.NewReplacer("| user | password |\n|---|---|\n| bob | |", "\x01", "| |\n", "\x02", " | sudo", "\x03").Replace(text), "|")
		back := strings.NewReplacer("\x01", "| user | password |\n|---|---|\n| bob | ", "\x02", " |\n", "\x03", " | sudo")
		for i := range parts {
			parts[i] = back.Replace(parts[i])
		}
		plain := strings.Join(parts, "")
		got := newRedactor(t).redact([]byte(plain))
		for i := 1; i < len(parts); i += 2 {
			for _, w := range strings.FieldsFunc(strings.Trim(parts[i], " |\n"), func(r rune) bool { return r == ' ' || r == ',' }) {
				if len(w) > 1 && strings.Contains(got, w) {
					t.Errorf("%q is left of %q: %q", w, plain, got)
				}
			}
		}
	}
}

// TestStatementsAndForms holds what ten kinds of texts of an audit had that was missed: statements of SQL, heads of tables without spaces, lines below their label, labels in
// scripts without spaces.
func TestStatementsAndForms(t *testing.T) {
	for text, want := range map[string]string{
		"INSERT INTO users (email, password) VALUES ('a@b.de', 'Alpenrose99');":                                 "INSERT INTO users (email, password) VALUES ('<EMAIL#1>', '<SECRET#1>');",
		"INSERT INTO u (id, last_name, secret)\nVALUES (1, 'Gruber', 'Zx81!'), (2, 'O''Hara, Jr', 'Kiwi88),x')": "INSERT INTO u (id, last_name, secret)\nVALUES (1, '<PERSON#1>', '<SECRET#1>'), (2, '<PERSON#2>', '<SECRET#2>')",
		"CREATE USER app IDENTIFIED BY 'R3port!pass';":                                                          "CREATE USER app IDENTIFIED BY '<SECRET#1>';",
		"EXEC sp_addlogin 'webuser', 'W3bUs3r#'":                                                                "EXEC sp_addlogin 'webuser', '<SECRET#1>'",
		"Nachname;Vorname;Strasse;PLZ;Ort\nHoffmann;Lena;Gartenweg 7;79098;Freiburg\n":                          "Nachname;Vorname;Strasse;PLZ;Ort\n<PERSON#1>;<PERSON#2>;<ADDRESS#1>;<ADDRESS#2>;<ADDRESS#3>\n",
		"last_name,first_name,license_plate\nHorvat,Ivo,ZG 1234-AB\n":                                           "last_name,first_name,license_plate\n<PERSON#1>,<PERSON#2>,<ID#1>\n",
		"First Name\nOttilie\nLast Name\nGrünwald\nPhone\n":                                                     "First Name\n<PERSON#1>\nLast Name\n<PERSON#2>\nPhone\n",
		"Security code: 914":               "Security code: <SECRET#1>",
		"パスワードはsakura2024です":               "パスワードは<SECRET#1>",
		"密码是qwe12345":                      "密码是<SECRET#1>",
		"user bob / pass Qwe!9911xx":       "user bob / pass <SECRET#1>",
		"Passw0rd: Summer19":               "Passw0rd: <SECRET#1>",
		"codice fiscale: BNCLCU85T10A562S": "codice fiscale: <ID#1>",
	} {
		if got := newRedactor(t).redact([]byte(text)); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
	for _, keep := range []string{
		"INSERT INTO colours (name, hex) VALUES ('teal', '#008080'), ('navy', '#000080');", "the suspect was identified by the police", "pass / fail", "Last Name\nRequired\n",
		"First Name\nLast Name\nSave Changes\n", "MD5Context structure, pass it to MD5Init, call MD5Update as", "Security code 12 of the building act", "a;b;city\n1;2;3\n",
		"columns (password) values are hashed", "height;width;zip\n10;20;no\n",
	} {
		if got := newRedactor(t).redact([]byte(keep)); got != keep {
			t.Errorf("%q became %q", keep, got)
		}
	}
}

// TestStrangersKept holds texts that look like the ones above and have nothing to hide.
func TestStrangersKept(t *testing.T) {
	for _, text := range []string{
		"password = os.environ[\"DB_PASSWORD\"]", "password: required", "Password for the printer: ask Monday", "the password policy for v2 of the app", "std::deque<std::string>::iterator it;", "a::b::c()",
		"uses: actions/checkout@v4", "git@github.com:example/tool.git", "Order no. 232-1113 confirmed", "ISSN 2049-3630", "CVE-2024-3018", "10 20 30 40", "Sizes: 36-38-40-42", "Score 12-98 (28-24)",
		"step 340/1200 done", "3895 2298 points", "-rw-r--r-- 1 root root 4096 Feb 11 08:14 etc", "take 500 mg of it", "Die Rechnung wurde am Montag bezahlt.", "Project name: Aurora", "name = \"serde\"",
		"| Task | Owner | Due |\n|---|---|---|\n| Docs | Team | Friday |", "SELECT * FROM t WHERE id = 7497;", "Chrome/126.0.6478.127", "name,qty,price\napples,12,3.50\n", "Date: Tue Feb 3", "IP address: unknown",
		"login / logout", "Address: unknown", "From: here to there", "R&D and Q&A", "a \\u201cquoted\\u201d word",
	} {
		if got := newRedactor(t).redact([]byte(text)); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestCardLike holds what a number whose sum is right must have to be called a card. It is hidden in any case.
func TestCardLike(t *testing.T) {
	for text, class := range map[string]string{"4539148803436467": "CARD", "378282246310005": "CARD", "3782 822463 10005": "CARD", "30569309025904": "CARD", "490154203237518": "NUMBER", "880101-1234567": "NUMBER", "4539148803436467 ": "CARD"} {
		if got := newRedactor(t).redact([]byte(text)); !strings.HasPrefix(got, "<"+class+"#1>") {
			t.Errorf("%q became %q, not a %s", text, got, class)
		}
	}
}
