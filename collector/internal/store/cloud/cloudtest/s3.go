//go:build linux

package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// The key of every S3 server of tests.
const (
	AccessKey = "byleave-test"
	SecretKey = "only-for-tests-on-loopback"
	Region    = "us-east-1"
)

// S3 is a versitygw over a folder.
type S3 struct {
	dir, bin, addr string
	running        *exec.Cmd
}

// StartS3 makes one in a new folder.
func StartS3() (*S3, error) {
	bin, err := tool("versitygw")
	if err != nil {
		return nil, err
	}
	dir, err := makeFolder(nil)
	if err != nil {
		return nil, err
	}
	// Between this and its start, and while it is killed, nobody may take the port: programs choose theirs at 127.0.0.1.
	own := net.IPv4(127, byte(1+rand.IntN(254)), byte(rand.IntN(256)), byte(1+rand.IntN(254)))
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: own})
	if err != nil {
		return nil, err
	}
	s := &S3{dir: dir, bin: bin, addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		return nil, err
	}
	for _, sub := range []string{"objects", "beside"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// tool finds a program that make builds into bin/.
func tool(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
			continue
		}
		path := filepath.Join(dir, "bin", name)
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("there is no bin/%s: run make bin/%[1]s", name)
		}
		return path, nil
	}
	return "", errors.New("this is no checkout: there is no go.mod above")
}

// Start starts it again after Kill, at the same address.
func (s *S3) Start() error {
	cmd := exec.CommandContext(context.Background(), s.bin, "--port", s.addr, "--quiet", "posix", "--sidecar", filepath.Join(s.dir, "beside"), filepath.Join(s.dir, "objects"))
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+AccessKey, "ROOT_SECRET_KEY="+SecretKey)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start versitygw: %w", err)
	}
	s.running = cmd
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL(), nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
			return resp.Body.Close() // it answers, if only that this call has no key
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.Join(errors.New("versitygw does not answer"), s.Kill())
}

// Kill ends it as a power failure of its process would.
func (s *S3) Kill() error {
	if s.running == nil { // it did not start again
		return nil
	}
	defer func() { s.running = nil }()
	if err := s.running.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	var ended *exec.ExitError
	if err := s.running.Wait(); err != nil && !errors.As(err, &ended) {
		return err
	}
	return nil
}

// URL is where it listens.
func (s *S3) URL() string { return "http://" + s.addr }

// Bucket makes a bucket.
func (s *S3) Bucket(name string) error {
	return os.Mkdir(filepath.Join(s.dir, "objects", name), 0o700)
}

// KeyFile writes its key to a file as the AWS programs have it.
func KeyFile(path string) error {
	return os.WriteFile(path, []byte("[default]\naws_access_key_id = "+AccessKey+"\naws_secret_access_key = "+SecretKey+"\n"), 0o600)
}

// Close ends it and removes its folder.
func (s *S3) Close() error { return errors.Join(s.Kill(), os.RemoveAll(s.dir)) }
