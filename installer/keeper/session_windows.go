package keeper

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Look tells of a person's folder whether they enrolled and whether they asked for their agent. It runs with their rights, and gets
// their environment and their folder for data of programs.
type Look func(env func(string) string, local string) (enrolled, asked bool)

// sessions lists the sessions of this computer with who is logged in there.
func sessions(look Look) ([]session, error) {
	ids, err := sessionIDs()
	if err != nil {
		return nil, err
	}
	var list []session
	for _, id := range ids {
		s := session{id: id}
		if t, user, err := tokenOf(id); err == nil {
			s.user = user
			s.enrolled, s.asked, err = ask(t, look)
			s.unknown = err != nil
			_ = t.Close()
		}
		list = append(list, s)
	}
	return list, nil
}

// sessionIDs are those that Windows lists, and the one at the screen.
func sessionIDs() ([]uint32, error) {
	var first *windows.WTS_SESSION_INFO
	var n uint32
	if err := windows.WTSEnumerateSessions(0, 0, 1, &first, &n); err != nil {
		return nil, fmt.Errorf("list the sessions: %w", err)
	}
	var ids []uint32
	seen := map[uint32]bool{0: true} // the services' own
	for _, info := range unsafe.Slice(first, n) {
		if !seen[info.SessionID] {
			ids, seen[info.SessionID] = append(ids, info.SessionID), true
		}
	}
	if first != nil {
		windows.WTSFreeMemory(uintptr(unsafe.Pointer(first)))
	}
	if id := windows.WTSGetActiveConsoleSessionId(); id != noSession && !seen[id] {
		ids = append(ids, id)
	}
	return ids, nil
}

const noSession = 0xffffffff

// tokenOf is what the person of a session may do: as they do it themselves, not as an administrator that they may be. An error means
// that nobody is logged in there.
func tokenOf(id uint32) (windows.Token, string, error) {
	var t windows.Token
	if err := windows.WTSQueryUserToken(id, &t); err != nil {
		return 0, "", err
	}
	u, err := t.GetTokenUser()
	if err != nil {
		return 0, "", errors.Join(err, t.Close())
	}
	return t, u.User.Sid.String(), nil
}

// ask looks into a person's folder with their own rights: no link that they laid leads the system anywhere.
func ask(t windows.Token, look Look) (enrolled, asked bool, err error) {
	env, err := t.Environ(false)
	if err != nil {
		return false, false, fmt.Errorf("read the environment: %w", err)
	}
	local, err := t.KnownFolderPath(windows.FOLDERID_LocalAppData, windows.KF_FLAG_DONT_VERIFY)
	if err != nil {
		return false, false, fmt.Errorf("find the folder: %w", err)
	}
	var found struct{ enrolled, asked bool } // as may return before it is written: then it is not read
	if err := as(t, func() { found.enrolled, found.asked = look(lookup(env), local) }); err != nil {
		return false, false, err
	}
	return found.enrolled, found.asked, nil
}

// lookup finds a variable as Windows does, in any case of letters.
func lookup(env []string) func(string) string {
	return func(name string) string {
		for _, e := range env {
			if k, v, ok := strings.Cut(e, "="); ok && strings.EqualFold(k, name) {
				return v
			}
		}
		return ""
	}
}

// askLimit is how long a person's folder may take to answer: whoever puts theirs on a dead server must not stop the service.
const askLimit = 5 * time.Second

// as runs do with the rights of a person, on a thread of its own: one that cannot be given back ends.
func as(t windows.Token, do func()) error {
	var worn windows.Token
	err := windows.DuplicateTokenEx(t, windows.TOKEN_IMPERSONATE|windows.TOKEN_QUERY, nil, windows.SecurityImpersonation, windows.TokenImpersonation, &worn)
	if err != nil {
		return fmt.Errorf("take on the rights of a person: %w", err)
	}
	done := make(chan error, 1)
	go func() {
		defer worn.Close()
		runtime.LockOSThread()
		if err := windows.SetThreadToken(nil, worn); err != nil {
			runtime.UnlockOSThread()
			done <- fmt.Errorf("take on the rights of a person: %w", err)
			return
		}
		do()
		err := windows.RevertToSelf()
		if err == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	limit := time.NewTimer(askLimit)
	defer limit.Stop()
	select {
	case err := <-done:
		return err
	case <-limit.C:
		return errors.New("a person's folder does not answer")
	}
}

// agent is a running agent. Closing stdin asks it to end.
type agent struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

// launch starts the agent of a session: this same program, by its full path, as the person and in their session, with their
// environment and not the system's, without a window. It gets three handles: an input on which nothing is ever written, and nothing
// twice. No other handle of the service reaches it.
func launch(program string, s session) (agent, error) {
	t, user, err := tokenOf(s.id)
	if err != nil {
		return agent{}, fmt.Errorf("nobody is logged in any more: %w", err)
	}
	defer t.Close()
	if user != s.user {
		return agent{}, errors.New("somebody else is logged in now")
	}
	env, err := t.Environ(false)
	if err != nil {
		return agent{}, fmt.Errorf("read the environment: %w", err)
	}
	cmd := exec.Command(program, "run")
	cmd.Dir = filepath.Dir(program) // not a folder that the person chose: the system opens it
	cmd.Env = append(env, keptVar+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Token: syscall.Token(t), CreationFlags: windows.CREATE_NO_WINDOW}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return agent{}, err
	}
	if err := cmd.Start(); err != nil {
		return agent{}, fmt.Errorf("start the agent: %w", err)
	}
	return agent{cmd, stdin}, nil
}
