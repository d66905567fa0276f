package redact

import "testing"

// TestPasswordForms holds forms in which other authors write passwords beside their labels.
func TestPasswordForms(t *testing.T) {
	hides(t, []string{
		// between quotes
		`password = "|tr0ub4dor(&3)|"`, `passwd := "|q7{{x}[3|"`, `"password": "|p@ss(word)1|"`, `password = "|correct horse battery staple|"`, `password="|the cat in the hat|"`, `with password '|RBI Payments2024!|' it`,
		`its password '|SSPortalAccess#|' allowed`, `db_pass: '|A,.:-@*?!x|'`, `char password[25] = "|hunter22|";`, `aws_secret_access_key: '|m{h}o)p${e]nob|'`, `password: |$3cr3t!Pass|`,
		// compared, or taken if nothing else is set
		`if ("|tr0ub4dor&3|" == password) {`, `if (password !== "|tr0ub4dor&3|")`, `os.environ.get("PASSWORD") or "|at5G6zi!m|"`, `getenv("DB_PASSWORD", "|hunter22|")`, `process.env.DB_PASSWORD || '|tr0ub4dor|'`,
		// flags, headers, lists, behind an address
		"--token |abcd1234efgh| --password |hunter22|", `-password "|Prl23Db#|"`, "passwords: |tr0ub4dor|", "|jane@example.com|:|hunter22|", "|jane@example.com| / |Winter2024!|", "X-API-Key: |k3y987654321|", "Cookie: |PHPSESSID=r4nd0mSessionId12345|",
		"Key: |ZAQWS-XCDER-VBGTR-FRTGU-KLMNX|",
	})
}

// TestPasswordFormsKept holds what looks like them and is none.
func TestPasswordFormsKept(t *testing.T) {
	for _, text := range []string{
		`password = "Enter your password"`, `"password": "Must contain 8 characters"`, `password: ${DB_PASSWORD}`, `password: {{ vault.password }}`, "password: $PASSWORD", `if password == "" {`, `password: getpass()`,
		`password = os.getenv("X")`, `password_min_length = "8"`, `tokenizer = "BertTokenizer"`, `secretName: "my-secret"`, `token_type: "bearer"`, `the "password" field`, `password='%s'`, `if (mode == "password")`,
		"--password is required", "aws-cli@v2", "passwords: at least two", `render_pass = "main"`,
	} {
		if got := newRedactor(t).redact([]byte(text)); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
