package upload

import (
	"context"
	"net"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
)

// Trace says, step by step, how far a connection to the collector gets from here. It names no host, no address and no proxy, so that it can be
// shown to whoever helps.
func Trace(ctx context.Context, id keystore.Identity) []string {
	host, _, err := net.SplitHostPort(id.Collector)
	if err != nil {
		return []string{"address: it is not host:port"}
	}
	lines := []string{proxyLine(id.Collector)}
	switch _, err := new(net.Resolver).LookupHost(ctx, host); {
	case net.ParseIP(host) != nil:
		lines = append(lines, "name: none, it is an address")
	case ProxyOf(id.Collector) != "":
		lines = append(lines, "name: left to the proxy")
	case err != nil:
		lines = append(lines, "name: not known here")
	default:
		lines = append(lines, "name: known here")
	}
	begun := time.Now()
	other, err := reach(ctx, id)
	switch {
	case err == nil:
		lines = append(lines, "certificate: the collector's own, which was pinned at enrolment", "line: whole")
	case other:
		lines = append(lines, "certificate: somebody else's; a proxy that inspects TLS replaces certificates", "line: reaches somebody else")
	default:
		lines = append(lines, "certificate: none came", "line: broken")
	}
	return append(lines, "time: "+time.Since(begun).Round(100*time.Millisecond).String())
}

func proxyLine(addr string) string {
	proxy, err := proxyURL(addr)
	switch {
	case err != nil:
		return "proxy: what HTTPS_PROXY says is not understood"
	case proxy == nil:
		return "proxy: none for this collector"
	case proxy.User != nil:
		return "proxy: " + proxy.Scheme + ", with a password"
	}
	return "proxy: " + proxy.Scheme
}
