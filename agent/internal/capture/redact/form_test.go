package redact

import (
	"strings"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/google/go-cmp/cmp"
)

// TestFields types values over several fields, and words that are gone on with.
func TestFields(t *testing.T) {
	leave := func() raw.Event { return raw.Wrap(raw.Step{Kind: raw.Leave}) }
	tab := func() raw.Event { return hotkey(t, "Tab", raw.Tab) }
	enter := func() raw.Event { return hotkey(t, "Return", raw.Newline) }
	scroll := func() raw.Event {
		return raw.Wrap(raw.Step{Kind: raw.Scroll, From: start, Until: start, Permit: permit(t, all()), Focus: 7, DY: 1})
	}
	in := func(focus uint64, s string) raw.Event { return raw.Wrap(textStep(t, focus, keys(s))) }
	back := func(n int) raw.Event {
		var ks []raw.Key
		for range n {
			ks = append(ks, raw.Key{At: start.Boot, Edit: raw.Left})
		}
		return raw.Wrap(textStep(t, 7, ks))
	}
	for _, c := range []struct {
		name string
		in   []raw.Event
		want string
	}{
		{"a code over six boxes", []raw.Event{in(1, "4"), in(2, "0"), tab(), in(3, "7"), leave(), in(4, "1"), in(5, "9"), in(6, "2"), leave(), in(7, "all is well ")},
			"TEXT <NUMBER#1>,TEXT <NUMBER#2>,HOTKEY Tab,TEXT <NUMBER#3>,TEXT <NUMBER#4>,TEXT <NUMBER#5>,TEXT <NUMBER#6>,TEXT all is well "},
		{"one small number is a number", []raw.Event{in(1, "2"), tab(), in(2, "red shirts "), leave()}, "TEXT 2,HOTKEY Tab,TEXT red shirts "},
		{"an address over two fields is one", []raw.Event{in(1, "thomas"), tab(), in(2, "example.com"), tab(), in(3, "all is well ")},
			"TEXT <EMAIL#1>,HOTKEY Tab,TEXT <EMAIL#1>,HOTKEY Tab,TEXT all is well "},
		{"names are not an address", []raw.Event{in(1, "thomas"), tab(), in(2, "meyer"), enter()}, "TEXT thomas,HOTKEY Tab,TEXT meyer,HOTKEY Return"},
		{"a group of letters between numbers", []raw.Event{in(1, "GB82"), tab(), in(2, "WEST"), tab(), in(3, "1234"), enter()},
			"TEXT <TOKEN#1>,HOTKEY Tab,TEXT <TOKEN#2>,HOTKEY Tab,TEXT <NUMBER#1>,HOTKEY Return"},
		{"a word that goes on after a visit elsewhere", []raw.Event{in(1, "write the budget"), leave(), in(1, ".meyer@example.com "), leave()}, "TEXT write the <TOKEN#1>,TEXT <EMAIL#1> "},
		{"a word that does not", []raw.Event{in(1, "write the budget"), leave(), in(1, " and "), leave()}, "TEXT write the budget,TEXT  and "},
		{"the rest of a word of which the beginning was redacted", []raw.Event{in(7, "zbigniewd"), scroll(), in(7, "bkzc"), leave(), in(8, "all is well ")},
			"TEXT <TOKEN#1>,SCROLL,TEXT <TOKEN#2>,TEXT all is well "},
		{"what is begun between words", []raw.Event{in(7, "note  end"), back(4), in(7, "jane.do"), hotkey(t, "ctrl+z", raw.Unknown), in(7, "e@example.com "), leave()},
			"TEXT note <TOKEN#1> <TOKEN#2>,HOTKEY ctrl+z,TEXT <EMAIL#1> "},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRedactor(t)
			var got []Event
			for _, ev := range c.in {
				got = append(got, r.Apply(ev)...)
			}
			if d := cmp.Diff(c.want, strings.Join(told(append(got, r.Flush()...)), ",")); d != "" {
				t.Error(d)
			}
		})
	}
}
