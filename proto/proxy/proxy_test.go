package proxy

import (
	"strings"
	"testing"
)

// TestNoAddressIsNoProxy: what is no address is an error that names the variable and not what stands in it; it is never taken for none.
func TestNoAddressIsNoProxy(t *testing.T) {
	for said, want := range map[string]string{
		"":                              "none",
		"http://proxy.corp:3128":        "http://proxy.corp:3128",
		"HTTP://proxy.corp:3128/":       "http://proxy.corp:3128/",
		"https://me:secret@proxy.corp":  "https://me:secret@proxy.corp",
		"proxy.corp:3128":               "http://proxy.corp:3128",
		"proxy.corp":                    "http://proxy.corp",
		"10.0.0.1:3128":                 "http://10.0.0.1:3128",
		"http://[fd00::1]:3128":         "http://[fd00::1]:3128",
		" http://secret.corp:3128":      "error",
		"secret.corp:port":              "error",
		"http://secret.corp:port":       "error",
		"http://secret.corp:0":          "error",
		"http://secret.corp:65536":      "error",
		"http://me:secret@":             "error",
		"http://":                       "error",
		"://secret.corp:3128":           "error",
		"socks5://secret.corp:1080":     "error",
		"secret corp":                   "error",
		"http:secret.corp:3128":         "error",
		"http//secret.corp:3128":        "error",
		"http://secret.corp/secret.pac": "error",
		"none":                          "http://none", // a name like any other: it is looked for, and is not there
		"secret\x00":                    "error",
	} {
		if said == "secret\x00" {
			said = "secret\x01" // no variable holds a NUL
		}
		for _, variable := range []string{"HTTPS_PROXY", "https_proxy"} {
			t.Run(variable+"="+said, func(t *testing.T) {
				for _, v := range []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} {
					t.Setenv(v, "")
				}
				t.Setenv(variable, said)
				got := "none"
				u, err := For("collector.invalid:7443")
				switch {
				case err != nil && strings.HasPrefix(err.Error(), variable+" is no address") && !strings.Contains(err.Error(), "secret"):
					got = "error"
				case err != nil:
					got = err.Error()
				case u != nil:
					got = u.String()
				}
				if got != want {
					t.Errorf("%s, want %s", got, want)
				}
			})
		}
	}
}

// TestExcepted: what NO_PROXY names is reached past the proxy, also past one that is no address; what it does not name is not.
func TestExcepted(t *testing.T) {
	for _, v := range []string{"https_proxy", "no_proxy"} {
		t.Setenv(v, "")
	}
	for _, c := range []struct {
		except, addr string
		want         bool
	}{
		{"", "collector.corp:7443", false},
		{"", "127.0.0.1:7443", true},
		{"", "localhost:7443", true},
		{"*", "collector.corp:7443", true},
		{"collector.corp", "collector.corp:7443", true},
		{"corp", "collector.corp:7443", true},
		{".corp", "collector.corp:7443", true},
		{"*.corp", "collector.corp:7443", true},
		{"a.b, COLLECTOR.corp", "collector.corp:7443", true},
		{"collector.corp:7443", "collector.corp:7443", true},
		{"collector.corp:443", "collector.corp:7443", false},
		{"ollector.corp", "collector.corp:7443", false},
		{"10.0.0.0/8", "10.1.2.3:7443", true},
		{"10.0.0.0/8", "11.1.2.3:7443", false},
		{"fd00::/8", "[fd00::1]:7443", true},
		{"a.b collector.corp", "collector.corp:7443", false}, // a list is parted by commas
	} {
		t.Setenv("NO_PROXY", c.except)
		for _, proxy := range []string{"http://proxy.corp:3128", "proxy:port"} {
			t.Setenv("HTTPS_PROXY", proxy)
			if u, err := For(c.addr); (u == nil && err == nil) != c.want {
				t.Errorf("NO_PROXY=%s HTTPS_PROXY=%s: %s: %v, %v", c.except, proxy, c.addr, u, err)
			}
		}
	}
}
