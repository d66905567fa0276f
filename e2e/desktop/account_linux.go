package desktop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// plainUser is the system user that stands for a person when the caller is root.
const plainUser = "byleave-demo"

// account is who runs the programs of the session.
type account struct {
	name     string
	uid, gid int
	change   bool // the caller is root and becomes this user
}

func callerAccount() account {
	a := account{name: "nobody", uid: os.Getuid(), gid: os.Getgid()}
	if u, err := user.Current(); err == nil {
		a.name = u.Username
	}
	return a
}

// plainAccount is the caller, or for root the named system user, made if it is absent.
func plainAccount(name string) (account, error) {
	if os.Getuid() != 0 {
		return callerAccount(), nil
	}
	if name == "" {
		name = plainUser
	}
	u, err := user.Lookup(name)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		out, err := exec.Command("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name).CombinedOutput()
		if err != nil && exitCode(err) != 9 { // 9: another start made it just now
			return account{}, fmt.Errorf("desktop: cannot make the user %s: %w: %s", name, err, out)
		}
		u, err = user.Lookup(name)
		if err != nil {
			return account{}, fmt.Errorf("desktop: %w", err)
		}
	} else if err != nil {
		return account{}, fmt.Errorf("desktop: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return account{}, fmt.Errorf("desktop: user %s: %w", name, err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return account{}, fmt.Errorf("desktop: user %s: %w", name, err)
	}
	return account{name: name, uid: uid, gid: gid, change: true}, nil
}

func exitCode(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	return -1
}

// own gives path to the account.
func (a account) own(path string) error {
	if !a.change {
		return nil
	}
	if err := os.Chown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	return nil
}

// become makes cmd run as the account, in a process group of its own.
func (a account) become(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.change {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
}
