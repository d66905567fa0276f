package upload

import (
	"context"
	"net"
	"net/url"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/proxy"
)

// Trace says, step by step, how far a connection to the collector gets from here. It names no host, no address and no proxy, so that it can be
// shown to whoever helps.
func Trace(ctx context.Context, id keystore.Identity) []string {
	host, _, err := net.SplitHostPort(id.Collector)
	if err != nil {
		return []string{"address: it is not host:port"}
	}
	through, err := proxy.For(id.Collector)
	lines := []string{proxyLine(through, err), nameLine(ctx, host, through != nil || err != nil)}
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

func proxyLine(through *url.URL, err error) string {
	switch {
	case err != nil:
		return "proxy: what HTTPS_PROXY says is no address"
	case through == nil:
		return "proxy: none for this collector"
	case through.User != nil:
		return "proxy: " + through.Scheme + ", with a password"
	}
	return "proxy: " + through.Scheme
}

// nameLine asks for the name only where the agent would.
func nameLine(ctx context.Context, host string, left bool) string {
	switch {
	case net.ParseIP(host) != nil:
		return "name: none, it is an address"
	case left:
		return "name: left to the proxy"
	}
	if _, err := new(net.Resolver).LookupHost(ctx, host); err != nil {
		return "name: not known here"
	}
	return "name: known here"
}
