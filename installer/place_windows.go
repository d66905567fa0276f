package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/byleave/byleave/installer/service"
	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
)

// again is the verb with which an agent that was put back is registered again.
const again = "install"

// allowed refuses who is no administrator: the agent lies where administrators alone can change it.
func allowed() error {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return service.ErrAdmin
	}
	return nil
}

// defaultBin is below Program Files.
func defaultBin() string {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramFiles, 0)
	if err != nil {
		return "."
	}
	return filepath.Join(dir, "Byleave")
}

// ours are the folders that install can make for an agent in dir.
func ours(dir string) []string { return []string{dir} }

// closed is the access list of a folder that install makes: the system and administrators may do everything, everybody may run what
// lies there, and nothing is inherited.
const closed = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"

// makeFolder makes the folder for the agent so that administrators alone can change it. One that is there is left as it is.
func makeFolder(dir string) error {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	sd, err := windows.SecurityDescriptorFromString(closed)
	if err != nil {
		return fmt.Errorf("close the folder for the agent: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make the folder for the agent: %w", err)
	}
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	sa := windows.SecurityAttributes{SecurityDescriptor: sd}
	sa.Length = uint32(unsafe.Sizeof(sa))
	if err := windows.CreateDirectory(name, &sa); err != nil {
		return fmt.Errorf("make the folder for the agent: %w", err)
	}
	return nil
}

// release ends what runs the agent that is there, since Windows replaces no program that runs.
func release(cmd *cobra.Command, target string) error {
	if _, err := os.Lstat(target); err != nil {
		return nil
	}
	return agent(cmd, target, "uninstall")
}

// own gives a program to the administrators, whatever account makes files here: its owner could open it to themselves again.
func own(program string) error {
	sd, err := windows.SecurityDescriptorFromString(closed)
	if err != nil {
		return fmt.Errorf("close the agent: %w", err)
	}
	admins, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("close the agent: %w", err)
	}
	if err := windows.SetNamedSecurityInfo(program, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION, admins, nil, nil, nil); err != nil {
		return fmt.Errorf("close the agent: %w", err)
	}
	return nil
}
