package x11

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// display is a parsed DISPLAY of this machine.
type display struct {
	number, screen int
}

// parseDisplay reads ":1", ":1.0", "unix:1". Other machines are refused: their server cannot share memory with us.
func parseDisplay(s string) (display, error) {
	if s == "" {
		return display{}, fmt.Errorf("%w (DISPLAY is empty)", ErrNoDisplay)
	}
	host, rest, ok := strings.Cut(s, ":")
	if !ok || (host != "" && host != "unix") {
		return display{}, fmt.Errorf("%w (only a display of this machine can be recorded)", ErrNoDisplay)
	}
	num, scr, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(num, 10, 16)
	if err != nil {
		return display{}, fmt.Errorf("%w (DISPLAY has no number)", ErrNoDisplay)
	}
	k := uint64(0)
	if scr != "" {
		if k, err = strconv.ParseUint(scr, 10, 8); err != nil {
			return display{}, fmt.Errorf("%w (DISPLAY has no screen number)", ErrNoDisplay)
		}
	}
	return display{number: int(n), screen: int(k)}, nil
}

// dial connects to the display's socket, by path and else by abstract name.
func (d display) dial() (net.Conn, error) {
	path := "/tmp/.X11-unix/X" + strconv.Itoa(d.number)
	for _, name := range []string{path, "@" + path} {
		if c, err := net.DialTimeout("unix", name, 5*time.Second); err == nil {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%w (nothing listens on display :%d)", ErrNoDisplay, d.number)
}

// cookie is the MIT-MAGIC-COOKIE-1 of the display in hex, empty if there is none.
func (d display) cookie() string {
	name := os.Getenv("XAUTHORITY")
	if name == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		name = filepath.Join(home, ".Xauthority")
	}
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return findCookie(io.LimitReader(f, 1<<20), host, strconv.Itoa(d.number))
}

// findCookie walks an Xauthority file: family, address, display, name, data; all lengths 16 bits, big endian.
func findCookie(r io.Reader, host, number string) string {
	const local, wild = 256, 65535
	for {
		var family uint16
		if binary.Read(r, binary.BigEndian, &family) != nil {
			return ""
		}
		var part [4]string
		for i := range part {
			var n uint16
			if binary.Read(r, binary.BigEndian, &n) != nil {
				return ""
			}
			b := make([]byte, n)
			if _, err := io.ReadFull(r, b); err != nil {
				return ""
			}
			part[i] = string(b)
		}
		ours := family == wild || (family == local && part[0] == host)
		if ours && (part[1] == "" || part[1] == number) && part[2] == "MIT-MAGIC-COOKIE-1" && len(part[3]) == 16 {
			return hex.EncodeToString([]byte(part[3]))
		}
	}
}
