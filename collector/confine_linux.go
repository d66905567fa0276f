package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/landlock-lsm/go-landlock/landlock"
	landlocked "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// inFolder is what serve still does to files once it listens: it reads, writes, makes and removes them, and sockets, in its own folder. It
// runs nothing and makes no link and no device.
const inFolder = landlocked.AccessFSReadFile | landlocked.AccessFSReadDir | landlocked.AccessFSWriteFile | landlocked.AccessFSTruncate |
	landlocked.AccessFSMakeReg | landlocked.AccessFSMakeDir | landlocked.AccessFSMakeSock | landlocked.AccessFSRemoveFile | landlocked.AccessFSRemoveDir

// errUnconfined says what stands in the log of a collector that is not confined.
var errUnconfined = errors.New("this kernel has no landlock, so files outside the collector's folder are kept from it by modes and by its unit alone: " +
	"Linux 5.13 or newer with landlock in its list of security modules (lsm=) has it")

// toReach is what a collector reads to find and trust a database and a bucket: names, resolvers and certificates.
var toReach = []string{"/etc", "/run/systemd/resolve", "/usr/share/ca-certificates"}

// confine gives up, for good and for every thread, what serve does not need once it listens: files outside its folder, programs, signals to
// others, and TCP connections of its own. A store that is reached by TCP needs those, and names the files that it reads meanwhile, if there
// are any: then keys is not nil. It is called after the listener was opened. What it says is tried, not believed.
func confine(dir string, keys []string) error {
	_ = time.Now().Local().String() // the time zone is a file, and is read once
	own, rules := landlock.PathAccess(inFolder, dir), landlock.V7.BestEffort()
	var err error
	if keys != nil {
		const read = landlocked.AccessFSReadFile
		err = errors.Join(rules.RestrictPaths(own, landlock.PathAccess(read|landlocked.AccessFSReadDir, toReach...).IgnoreIfMissing(),
			landlock.PathAccess(read, keys...)), rules.RestrictScoped())
	} else {
		err = rules.Restrict(own)
	}
	if err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	f, err := os.Open("/") // everybody may read it
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("try whether the collector is confined: %w", err)
	}
	return errors.Join(errUnconfined, f.Close())
}
