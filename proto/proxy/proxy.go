package proxy

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"strconv"

	"golang.org/x/net/http/httpproxy"
)

// For is the proxy for host:port; nil: none is named, or NO_PROXY excepts the address. Loopback addresses are always excepted. The error is a
// sentence for the person; it holds nothing of what stands in the variable, which may be a password.
func For(addr string) (*url.URL, error) {
	c := httpproxy.FromEnvironment()
	named := c.HTTPSProxy
	if named == "" {
		return nil, nil
	}
	c.HTTPSProxy = "http://any.invalid" // that it is not excepted does not depend on which it is
	if proxy, err := c.ProxyFunc()(&url.URL{Scheme: "https", Host: addr}); err != nil || proxy == nil {
		return nil, err
	}
	u, err := url.Parse(named)
	if err != nil || u.Scheme == "" || u.Host == "" {
		u, err = url.Parse("http://" + named) // as everybody reads it
	}
	if err != nil || !isAddress(u) {
		return nil, fmt.Errorf("%s is no address of a proxy: write it as http://HOST:PORT or https://HOST:PORT, or take it away if there is no proxy; nothing is sent until then", name())
	}
	return u, nil
}

// isAddress tells whether the URL of a proxy can be connected to, by somebody who speaks HTTP. A script that would say which proxy to take is none.
func isAddress(u *url.URL) bool {
	port, err := strconv.ParseUint(cmp.Or(u.Port(), "1"), 10, 16)
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && err == nil && port > 0 && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == ""
}

// name is that of the variable that counts.
func name() string {
	if os.Getenv("https_proxy") != "" {
		return "https_proxy"
	}
	return "HTTPS_PROXY"
}
