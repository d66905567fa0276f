package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// Part is one part of a bundle.
type Part struct {
	Name, What string // What it is, for the list before it is written
	Lines      []string
}

// Text is the parts as they are written.
func Text(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "== %s\n", p.Name)
		for _, line := range p.Lines {
			fmt.Fprintln(&b, line)
		}
	}
	return b.String()
}

// Save lists the parts on out and then writes them to a file of mode 0600 that is not there yet.
func Save(out io.Writer, path string, parts []Part) error {
	fmt.Fprintf(out, "%s will hold, in plain text:\n", filepath.Base(path))
	for _, p := range parts {
		fmt.Fprintf(out, "  %s: %s\n", p.Name, p.What)
	}
	if err := writeNew(path, Text(parts)); err != nil {
		return err
	}
	fmt.Fprintln(out, "Written. It was sent nowhere; read it before you share it.")
	return nil
}

// writeNew names the file in what goes wrong, and not the folders above it.
func writeNew(path, text string) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: name a new file", filepath.Base(path))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), cmp.Or(errors.Unwrap(err), err))
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// Version is which version of this program this is, made by which Go for which kind of system.
func Version() string {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				version += " " + s.Value
			}
		}
	}
	return fmt.Sprintf("%s, %s, %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
