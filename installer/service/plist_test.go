package service

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// readPlist reads a property list as strictly as launchd: XML to the last letter, keys and values in turn, no key twice.
func readPlist(text string) (any, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = true
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		if s, ok := t.(xml.StartElement); ok {
			if s.Name.Local != "plist" {
				return nil, fmt.Errorf("it begins with %s", s.Name.Local)
			}
			v, end, err := value(d)
			if err != nil || end != "" {
				return nil, errors.Join(err, errors.New("no value"))
			}
			if _, end, err = value(d); err != nil || end != "plist" {
				return nil, errors.Join(err, errors.New("more than one value"))
			}
			if t, err := d.Token(); !errors.Is(err, io.EOF) && strings.TrimSpace(fmt.Sprintf("%s", t)) != "" {
				return nil, errors.New("something follows")
			}
			return v, nil
		}
	}
}

// value reads the next value, or the name of what ends here.
func value(d *xml.Decoder) (v any, end string, err error) {
	for {
		t, err := d.Token()
		if err != nil {
			return nil, "", err
		}
		switch t := t.(type) {
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return nil, "", fmt.Errorf("loose text %q", t)
			}
		case xml.EndElement:
			return nil, t.Name.Local, nil
		case xml.StartElement:
			v, err := element(d, t)
			return v, "", err
		}
	}
}

func element(d *xml.Decoder, start xml.StartElement) (any, error) {
	switch start.Name.Local {
	case "true", "false":
		return start.Name.Local == "true", d.Skip()
	case "string", "integer", "key":
		var s string
		err := d.DecodeElement(&s, &start)
		if start.Name.Local == "key" {
			return key(s), err
		}
		return s, err
	case "array":
		list := []any{}
		for {
			v, end, err := value(d)
			if err != nil || end != "" {
				return list, err
			}
			list = append(list, v)
		}
	case "dict":
		return dict(d)
	}
	return nil, fmt.Errorf("%s is no value", start.Name.Local)
}

type key string

func dict(d *xml.Decoder) (any, error) {
	m := map[string]any{}
	for {
		k, end, err := value(d)
		if err != nil || end != "" {
			return m, err
		}
		name, ok := k.(key)
		v, end, err := value(d)
		if _, twice := m[string(name)]; err != nil || !ok || end != "" || twice {
			return nil, errors.Join(err, fmt.Errorf("after %v: not one key and one value", k))
		}
		m[string(name)] = v
	}
}

// TestLaunchAgent compares what we write with a golden list, both read as launchd reads them. What is not in it counts as much as
// what is: no log of launchd's, no socket, no user, no folder.
func TestLaunchAgent(t *testing.T) {
	golden, err := os.ReadFile("testdata/byleave.plist")
	must(t, err)
	want, err := readPlist(string(golden))
	must(t, err)
	o := Options{Binary: "/Users/ann/Applications/by leave/byleave", Args: []string{"--hold", "24h0m0s"}, Env: map[string]string{"BYLEAVE_HOME": `/Users/ann/<&>"{{Path}}`}}
	got, err := readPlist(plistText(o))
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, broken := range []string{"<plist><dict><key>a</key></dict></plist>", "<plist><dict><key>a</key><true/><key>a</key><true/></dict></plist>", "<plist><dict>", "<plist><true/><true/></plist>"} {
		if v, err := readPlist(broken); err == nil {
			t.Errorf("the reader takes %s for %v", broken, v)
		}
	}
	if strings.Contains(plistText(o), "{{") {
		t.Error("the template engine finds something to fill")
	}
	if diff := cmp.Diff(o.Args, plistArgs(plistText(o))); diff != "" {
		t.Error(diff)
	}
	if args := plistArgs(plistText(Options{Binary: "/b"})); args != nil {
		t.Errorf("no arguments are read as %q", args)
	}
}

// TestLaunchctl: which words are said, and what the answers mean.
func TestLaunchctl(t *testing.T) {
	got := [][]string{bootstrap(501, "/p"), bootout(501), describe(501)}
	want := [][]string{{"bootstrap", "gui/501", "/p"}, {"bootout", "gui/501/byleave"}, {"print", "gui/501/byleave"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string][2]bool{
		"gui/501/byleave = {\n\tstate = running\n\tpid = 7\n\tlast exit code = (never exited)\n}": {true, false},
		"\tstate = running\n\tlast exit code = 1\n":                                               {true, false},
		"\tstate = not running\n\tlast exit code = 0\n":                                           {false, false},
		"\tstate = not running\n\tlast exit code = 1\n":                                           {false, true},
		"\tstate = spawn scheduled\n\tlast exit code = 1\n":                                       {false, true},
		"": {false, false},
	} {
		runs, failed := described(text)
		if runs != want[0] || failed != want[1] {
			t.Errorf("%q: runs %v, failed %v", text, runs, failed)
		}
	}
}
