package page

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// sameUser asks the kernel which user holds the other end of a loopback connection. An end that is not found, or that is closed already, is nobody:
// what nobody holds any more counts as root's. The others may be it, too.
func sameUser(c net.Conn, others ...int) bool {
	there, ok1 := c.RemoteAddr().(*net.TCPAddr)
	here, ok2 := c.LocalAddr().(*net.TCPAddr)
	if !ok1 || !ok2 {
		return false
	}
	ask := ownerInTables
	if diagnoses(here.AddrPort()) {
		ask = ownerByDiag
	}
	uid, err := ask(there.AddrPort(), here.AddrPort())
	return err == nil && (uid == os.Getuid() || slices.Contains(others, uid))
}

var errNobody = errors.New("the other end of the connection is nobody's")

// open is the state of a connection that both ends hold.
const open = 1

// ownerInTables is the user whose socket is bound to local and connected to remote, as the socket tables name the owner of each. To read them takes the
// longer the more connections there are, and everybody can make some thousands.
func ownerInTables(local, remote netip.AddrPort) (int, error) {
	for _, table := range []struct {
		file string
		as   func(netip.Addr) netip.Addr
	}{
		{"/proc/self/net/tcp", netip.Addr.Unmap},
		{"/proc/self/net/tcp6", func(a netip.Addr) netip.Addr { return netip.AddrFrom16(a.As16()) }}, // a v6 socket that speaks v4
	} {
		uid, err := lookUp(table.file, entry(table.as(local.Addr()), local.Port()), entry(table.as(remote.Addr()), remote.Port()))
		if err == nil {
			return uid, nil
		}
	}
	return -1, errNobody
}

func lookUp(file, local, remote string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return -1, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) > 7 && f[1] == local && f[2] == remote && f[3] == fmt.Sprintf("%02X", open) {
			return strconv.Atoi(f[7])
		}
	}
	return -1, os.ErrNotExist
}

// entry writes an address as the tables do: each four bytes in the order of the processor, in upper-case hex.
func entry(a netip.Addr, port uint16) string {
	b := a.AsSlice()
	for i := 0; i+4 <= len(b) && littleEndian; i += 4 {
		slices.Reverse(b[i : i+4])
	}
	return fmt.Sprintf("%s:%04X", strings.ToUpper(hex.EncodeToString(b)), port)
}

// littleEndian is the order of this processor.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
