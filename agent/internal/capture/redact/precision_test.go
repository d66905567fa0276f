package redact

import (
	"strings"
	"testing"
)

// TestClassOf holds of which class numbers and signs are not, in logs and programs of other authors, and of which they still are.
func TestClassOf(t *testing.T) {
	for _, c := range []struct{ text, class string }{
		{"03-17 16:13:38.905  1702 10454 D PowerManager", "PHONE"}, {"2017-05-16 00:00:16.795 25783 INFO nova", "PHONE"}, {"081110 121402 10935 INFO dfs", "PHONE"}, {"20171223-22:15:32:354|Step", "PHONE"},
		{"name=com.android.phone, ws=null, uid=1001, pid=2626", "PHONE"}, {"PhoneStatusBar: cancelAutohide\n03-17 16:13:38", "PHONE"}, {"getTasks: caller 10113 does not hold", "PHONE"}, {"CustomerPhone,Notes\n536365,P7966", "PHONE"},
		{"Rechnungsnummer: INV-056442", "PHONE"}, {"SQLD (2017.05 pass)", "PHONE"}, {"seen at 00:01:01.033 25746 times", "PHONE"},
		{"com.android.policy.KeyguardMonitor@712d093", "EMAIL"}, {"ZooKeeperServer@832", "EMAIL"}, {"https://www.flickr.com/photos/100289769@N08/albums", "EMAIL"}, {"literal zcmWIWW@Zs#U|`^22", "EMAIL"},
		{"block blk_6952295868487656571 ended", "CARD"}, {"22.502 28601 28601", "CARD"},
	} {
		if got := newRedactor(t).redact([]byte(c.text)); strings.Contains(got, "<"+c.class) {
			t.Errorf("%q became %q", c.text, got)
		}
	}
	for _, c := range []struct{ text, class string }{
		{"Telefonnummer: 17 25 99 31", "PHONE"}, {"Phone number: 5551 2671", "PHONE"}, {"10:30 0171 5558812", "PHONE"}, {"phoneNumber: 20 7946 09", "PHONE"}, {"Caller: 5552671", "PHONE"}, {"Tel.-030 1234567", "PHONE"},
		{"login root@build-07 again", "EMAIL"}, {"O'Brien@example.org", "EMAIL"}, {"'jane@example.org'", "EMAIL"}, {"card 4539148803436467.", "CARD"},
	} {
		if got := newRedactor(t).redact([]byte(c.text)); !strings.Contains(got, "<"+c.class) {
			t.Errorf("%q became %q", c.text, got)
		}
	}
}
