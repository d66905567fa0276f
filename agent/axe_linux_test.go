package main

import (
	"context"
	"testing"

	axecore "github.com/byleave/byleave/e2e/axe"
)

// axe is the program of axe-core.
func axe(t *testing.T) string {
	t.Helper()
	program, err := axecore.Program(t.Context())
	must(t, err)
	return program
}

// judge lets axe-core look at the page as it stands.
func judge(t *testing.T, ctx context.Context, program string) []axecore.Finding {
	t.Helper()
	found, err := axecore.Judge(ctx, program)
	must(t, err)
	return found
}

// seen judges the page in light and dark, wide and narrow, and takes its picture in each.
func seen(t *testing.T, ctx context.Context, program, name string) {
	t.Helper()
	photograph(t, ctx, name)
	for _, l := range looks {
		do(t, ctx, l.set())
		for _, f := range judge(t, ctx, program) {
			if f.IsSerious() {
				t.Errorf("%s, %s: %s (%s): %q", name, l.name, f.Help, f.Impact, f.Where)
			} else {
				t.Logf("%s, %s: %s (%s): %q", name, l.name, f.Help, f.Impact, f.Where)
			}
		}
	}
	fits(t, ctx, name)
}
