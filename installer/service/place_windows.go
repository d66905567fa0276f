package service

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// errPlace says where a program of the system may lie.
var errPlace = errors.New(`Windows would start this program with the rights of the system, so it may lie only where administrators alone can change it: ` +
	`put it into C:\Program Files\Byleave (byleave-installer install does), and run byleave install there`)

// safePlace is the path of a program without any link in it, if nobody but an administrator can change what is started there.
func safePlace(program string) (string, error) {
	path, err := final(program)
	if err != nil {
		return "", err
	}
	if !plain(path) || strings.HasPrefix(path, `\\`) {
		return "", errPlace // a share of another computer, or a name that is read in two ways
	}
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(path) + `\`)
	if err != nil {
		return "", err
	}
	if windows.GetDriveType(root) != windows.DRIVE_FIXED {
		return "", errPlace
	}
	var chain []guarded
	for at := path; ; at = filepath.Dir(at) {
		g, err := guardOf(at)
		if err != nil {
			return "", err
		}
		chain = append(chain, g)
		if at == filepath.Dir(at) {
			break
		}
	}
	if who := stranger(chain); who != "" {
		return "", fmt.Errorf("the account %s can change %s or a folder above it: %w", name(who), path, errPlace)
	}
	return path, nil
}

// final is where a path leads in the end.
func final(path string) (string, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return "", err
	}
	h, err := windows.CreateFile(p, windows.FILE_READ_ATTRIBUTES, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return "", fmt.Errorf("look at the program: %w", err)
	}
	defer windows.CloseHandle(h)
	buf := make([]uint16, windows.MAX_LONG_PATH)
	n, err := windows.GetFinalPathNameByHandle(h, &buf[0], uint32(len(buf)), 0)
	if err != nil || n >= uint32(len(buf)) {
		return "", fmt.Errorf("find where the program lies: %w", errors.Join(err, errPlace))
	}
	return strings.TrimPrefix(windows.UTF16ToString(buf[:n]), `\\?\`), nil
}

// guardOf reads who may do what to a file or folder. What it does not understand is taken for everybody.
func guardOf(path string) (guarded, error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return guarded{}, fmt.Errorf("ask who may change %s: %w", path, err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return guarded{}, fmt.Errorf("ask whose %s is: %w", path, err)
	}
	g := guarded{owner: owner.String()}
	list, _, err := sd.DACL()
	if err != nil || list == nil { // no list lets everybody in
		g.entries = append(g.entries, entry{everybody, rightAll, false})
		return g, nil
	}
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return guarded{}, fmt.Errorf("read who may change %s: %w", path, err)
		}
		switch ace.Header.AceType {
		case windows.ACCESS_DENIED_ACE_TYPE: // takes away, which we do not count on
		case windows.ACCESS_ALLOWED_ACE_TYPE:
			sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
			g.entries = append(g.entries, entry{sid.String(), uint32(ace.Mask), ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0})
		default:
			g.entries = append(g.entries, entry{everybody, rightAll, ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0})
		}
	}
	return g, nil
}

const everybody = "S-1-1-0"

// name is an account as people know it.
func name(sid string) string {
	s, err := windows.StringToSid(sid)
	if err != nil {
		return sid
	}
	account, domain, _, err := s.LookupAccount("")
	if err != nil {
		return sid
	}
	return domain + `\` + account
}
