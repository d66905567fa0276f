package service

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/kardianos/service"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// On Windows the service belongs to the computer: it records nothing and holds no key, and in the session of everybody who enrolled
// themselves it starts `byleave run` as them. See package keeper, and docs/decisions/0019.

// Verb is what the service manager runs this program with.
const Verb = "service"

// Again asks the running service to look at the sessions again. Windows lets everybody at the computer ask that.
const Again = svc.Cmd(128)

var (
	// ErrAdmin means that only an administrator can do this.
	ErrAdmin = errors.New("a service of this computer needs an administrator, once: open a terminal with \"Run as administrator\" and say it there. " +
		"Without one, start byleave run yourself after you log in. To record nothing: byleave pause, or byleave consent withdraw")
	errHold = errors.New("on Windows everybody of this computer sets their own hold: byleave limit --hold 24h")
)

// User is the service, as the person who runs this program may see and change it.
type User struct {
	opt Options
	svc service.Service
}

// New prepares the service.
func New(o Options) (User, error) {
	if len(o.Args) > 0 {
		return User{}, errHold
	}
	if !plain(o.Binary) {
		return User{}, errPath
	}
	s, err := service.New(program{}, &service.Config{
		Name: Name, DisplayName: "Byleave", Executable: o.Binary, Arguments: []string{Verb},
		Description: "Starts the Byleave agent for people of this computer who enrolled themselves. It records nothing itself.",
		Option:      service.KeyValue{service.OnFailure: service.OnFailureRestart, service.OnFailureDelayDuration: "5s"},
	})
	if err != nil {
		return User{}, fmt.Errorf("prepare the service: %w", err)
	}
	return User{o, s}, nil
}

// Install registers the service and starts it, or does both anew if it was there. If that fails, it is not there. It refuses who is no
// administrator, and a program that others than administrators can change.
func (u User) Install() error {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return ErrAdmin
	}
	path, err := safePlace(u.opt.Binary)
	if err != nil {
		return err
	}
	u.opt.Binary = path
	if u, err = New(u.opt); err != nil {
		return err
	}
	if err := u.Uninstall(); err != nil {
		return err
	}
	if err := u.install(); err != nil {
		return errors.Join(err, u.Uninstall())
	}
	return nil
}

func (u User) install() error {
	if err := u.svc.Install(); err != nil {
		return fmt.Errorf("register the service: %w", err)
	}
	if err := with(windows.SERVICE_CHANGE_CONFIG, leastRights); err != nil {
		return err
	}
	return u.run()
}

// run starts the service and returns once it runs.
func (u User) run() error {
	if err := u.svc.Start(); err != nil {
		return fmt.Errorf("start the service; the event log of applications says why: %w", err)
	}
	return with(windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error { return until(s, svc.Running) })
}

// least are the rights that the service needs to ask who is logged in, to look into their folder as them, and to start a program
// as them. It runs without all others that the system's account has.
var least = []string{"SeTcbPrivilege", "SeAssignPrimaryTokenPrivilege", "SeIncreaseQuotaPrivilege", "SeImpersonatePrivilege", "SeChangeNotifyPrivilege"}

func leastRights(s *mgr.Service) error {
	var list []uint16
	for _, right := range least {
		r, err := windows.UTF16FromString(right)
		if err != nil {
			return err
		}
		list = append(list, r...)
	}
	list = append(list, 0)
	info := struct{ rights *uint16 }{&list[0]}
	err := windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, (*byte)(unsafe.Pointer(&info)))
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) {
		return nil // Wine knows no rights of services
	}
	if err != nil {
		return fmt.Errorf("take from the service the rights that it does not need: %w", err)
	}
	return nil
}

// Start has the service look for people who asked for their agent. Only an administrator can start a service that is stopped.
func (u User) Start() error {
	switch u.State() {
	case NotInstalled:
		return ErrNotInstalled
	case Running:
		return with(windows.SERVICE_USER_DEFINED_CONTROL, func(s *mgr.Service) error {
			if _, err := s.Control(Again); err != nil {
				return fmt.Errorf("ask the service for your agent: %w", err)
			}
			return nil
		})
	}
	if !windows.GetCurrentProcessToken().IsElevated() {
		return errors.New("the service does not run, and only an administrator can start it; start byleave run yourself meanwhile")
	}
	return u.run()
}

// Stop leaves the service to the others of this computer: the person's own agent ends when it is asked to, and the service does not
// start it again before their next login.
func (u User) Stop() error {
	if u.State() == NotInstalled {
		return ErrNotInstalled
	}
	return nil
}

// Uninstall stops the service, and with it every agent that it started, and removes every trace of it; a service that was never
// installed is no error.
func (u User) Uninstall() error {
	if u.State() == NotInstalled {
		return nil
	}
	if !windows.GetCurrentProcessToken().IsElevated() {
		return ErrAdmin
	}
	if err := with(windows.SERVICE_QUERY_STATUS|windows.SERVICE_STOP, halt); err != nil {
		return err
	}
	if err := u.svc.Uninstall(); err != nil {
		return fmt.Errorf("remove the service: %w", err)
	}
	for limit := time.Now().Add(answerLimit); u.State() != NotInstalled; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			return errors.New("Windows removes the service once every window that shows services is closed")
		}
	}
	return nil
}

// halt stops the service and waits until its process is gone, so that its file can be replaced.
func halt(s *mgr.Service) error {
	status, err := s.Query()
	if err != nil || status.State == svc.Stopped {
		return err
	}
	process, err := windows.OpenProcess(windows.SYNCHRONIZE, false, status.ProcessId)
	if err == nil {
		defer windows.CloseHandle(process)
	}
	if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return fmt.Errorf("stop the service: %w", err)
	}
	if err := until(s, svc.Stopped); err != nil {
		return err
	}
	if process != 0 {
		if _, err := windows.WaitForSingleObject(process, uint32(answerLimit.Milliseconds())); err != nil {
			return fmt.Errorf("wait for the end of the service: %w", err)
		}
	}
	return nil
}

// State asks the service manager. Everybody may.
func (u User) State() State {
	state := NotInstalled
	err := with(windows.SERVICE_QUERY_STATUS, func(s *mgr.Service) error {
		status, err := s.Query()
		switch {
		case err != nil:
			return err
		case status.State == svc.Running:
			state = Running
		case status.State == svc.Stopped && status.Win32ExitCode != 0:
			state = Failed
		default:
			state = Stopped
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrNotInstalled) {
		return Unknown
	}
	return state
}

// InstalledArgs are none: `run` has none of its own for everybody.
func InstalledArgs() []string { return nil }

// with opens the service with the given rights and no more: the library asks for so many that only an administrator has them.
func with(rights uint32, do func(*mgr.Service) error) error {
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return fmt.Errorf("ask the service manager: %w", err)
	}
	defer windows.CloseServiceHandle(m)
	n, err := windows.UTF16PtrFromString(Name)
	if err != nil {
		return err
	}
	h, err := windows.OpenService(m, n, rights)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) || errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE) {
		return ErrNotInstalled
	}
	if err != nil {
		return fmt.Errorf("ask the service manager: %w", err)
	}
	s := &mgr.Service{Name: Name, Handle: h}
	return errors.Join(do(s), s.Close())
}

// answerLimit is how long the service may take to come or to go: it waits for the agents, which seal what they hold.
const answerLimit = 40 * time.Second

// until waits for a state. Windows has a notice for that, which a thread would have to sleep for; this is done once, by hand.
func until(s *mgr.Service, want svc.State) error {
	for limit := time.Now().Add(answerLimit); ; time.Sleep(20 * time.Millisecond) {
		status, err := s.Query()
		switch {
		case err != nil:
			return fmt.Errorf("ask for the state of the service: %w", err)
		case status.State == want:
			return nil
		case want == svc.Running && status.State == svc.Stopped:
			return fmt.Errorf("the service ended at once (code %d); the event log of applications says why", status.Win32ExitCode)
		case time.Now().After(limit):
			return errors.New("the service manager does not come to an end with the service; see services.msc")
		}
	}
}
