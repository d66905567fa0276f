//go:build linux

package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Postgres is a PostgreSQL of Debian's package.
type Postgres struct {
	dir, bin string
	as       *syscall.Credential
	running  *process
}

// StartPostgres makes one in a new folder. It keeps what it commits, and is lost with the folder.
func StartPostgres() (*Postgres, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return nil, errors.New("there is no PostgreSQL here: run make deps")
	}
	slices.Sort(found)
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := makeFolder(as)
	if err != nil {
		return nil, err
	}
	p := &Postgres{dir: dir, bin: filepath.Dir(found[len(found)-1]), as: as}
	if err := p.run("initdb", "-D", p.data(), "-U", "byleave", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := p.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, nil
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(p.bin, name), args...) // it ends with Close
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
	return cmd
}

func (p *Postgres) run(name string, args ...string) error {
	if out, err := p.command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// startTries is how often a start is tried: what a killed server leaves behind ends a moment after it.
const startTries = 100

// Start starts it again after Kill.
func (p *Postgres) Start() (err error) {
	for range startTries {
		cmd := p.command("postgres", "-D", p.data(), "-k", p.dir, "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "logging_collector=off",
			"-c", "dynamic_shared_memory_type=mmap") // in its folder: what a killed server leaves goes with that
		if p.running, err = begin(cmd, p.as, "ready to accept connections"); err == nil || !strings.Contains(err.Error(), "shared memory") {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// Kill ends it as a power failure would. What it committed is there after Start.
func (p *Postgres) Kill() error {
	if p.running == nil { // it did not start again
		return nil
	}
	defer func() { p.running = nil }()
	return p.running.kill()
}

// SQL runs a statement in a database of it.
func (p *Postgres) SQL(database, statement string) error {
	return p.run("psql", "-h", p.dir, "-U", "byleave", "-d", database, "-v", "ON_ERROR_STOP=1", "-qc", statement)
}

// Dump writes a database to a file, and Load makes a new database of one.
func (p *Postgres) Dump(database, file string) error {
	out, err := p.command("pg_dump", "-h", p.dir, "-U", "byleave", "-Fc", database).Output()
	if err != nil {
		return fmt.Errorf("pg_dump: %w", err)
	}
	return os.WriteFile(file, out, 0o600)
}

// Load makes a new database of a dump.
func (p *Postgres) Load(database, file string) error {
	if err := p.SQL("postgres", "CREATE DATABASE "+database); err != nil {
		return err
	}
	in, err := os.Open(filepath.Clean(file))
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := p.command("pg_restore", "-h", p.dir, "-U", "byleave", "-d", database, "--exit-on-error")
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_restore: %w\n%s", err, out)
	}
	return nil
}

// URL is the connection string of a database.
func (p *Postgres) URL(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {p.dir}, "user": {"byleave"}}.Encode()
}

// Close ends it, so that it leaves nothing in the system's memory, and removes its folder.
func (p *Postgres) Close() error {
	var err error
	if p.running != nil {
		err = p.running.end(syscall.SIGINT)
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}
