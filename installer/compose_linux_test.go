package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"
)

// composeFile is compose.yaml. A field that it does not have is an error, so that none goes unnoticed here.
type composeFile struct {
	Services map[string]composeService
	Volumes  map[string]any
}

type composeService struct {
	Image   string
	Build   struct{ Context, Dockerfile string }
	Command []string
	Ports   []string
	Volumes []string

	ReadOnly        bool     `yaml:"read_only"`
	CapDrop         []string `yaml:"cap_drop"`
	SecurityOpt     []string `yaml:"security_opt"`
	PidsLimit       int      `yaml:"pids_limit"`
	Ulimits         map[string]int
	StopGracePeriod string `yaml:"stop_grace_period"`
	Restart         string
	Healthcheck     struct {
		Test              []string
		Interval, Timeout string
	}
}

// image is what a Containerfile makes, in a folder.
type image struct {
	root            string
	entrypoint, cmd []string
	env, volumes    []string
	ports           []string
	uid             int
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestComposeFile does what the head of compose.yaml says, in order, with the programs, arguments, user, environment and files that it and the
// Containerfile name: without a container runtime, in a root folder, a network and with a user of their own.
func TestComposeFile(t *testing.T) {
	const host = "collector.example.org"
	text, err := os.ReadFile("compose.yaml")
	must(t, err)
	var file composeFile
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	must(t, dec.Decode(&file))
	svc, ok := file.Services["collector"]
	if !ok || len(file.Services) != 1 {
		t.Fatalf("services: %v", file.Services)
	}
	context := filepath.Clean(svc.Build.Context)
	img := buildImage(t, context, filepath.Join(context, svc.Build.Dockerfile))
	for _, v := range svc.Volumes {
		name, path, _ := strings.Cut(v, ":")
		if _, ok := file.Volumes[name]; !ok || !slices.Contains(img.volumes, path) {
			t.Errorf("volume %s: it is none of %v, or nothing lies at its place", v, file.Volumes)
		}
	}
	for _, p := range svc.Ports {
		if _, port, _ := strings.Cut(p, ":"); !slices.Contains(img.ports, port) || !slices.Contains(svc.Command, ":"+port) {
			t.Errorf("port %s is not the one that %v listens on", p, svc.Command)
		}
	}
	if !svc.ReadOnly || !slices.Equal(svc.CapDrop, []string{"ALL"}) || !slices.Contains(svc.SecurityOpt, "no-new-privileges:true") {
		t.Error("the collector has more than it needs")
	}
	if _, err := expand(svc.Command, map[string]string{}); err == nil {
		t.Error("a collector without a name that devices reach is started")
	}
	command, err := expand(svc.Command, map[string]string{"BYLEAVE_HOST": host})
	must(t, err)

	var up *served
	for _, step := range composeSteps(t, string(text)) {
		switch verb, args := step[0], step[1:]; verb {
		case "run": // run --rm SERVICE ARGS
			if out, err := img.command(slices.Concat(img.entrypoint, args[2:])...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", step, err, out)
			}
		case "up":
			up = img.serve(t, command)
		case "exec": // exec SERVICE PROGRAM ARGS
			out, err := img.command(args[1:]...).Output()
			if err != nil || strings.Count(string(out), host+":7443") != 10 {
				t.Fatalf("%v: %v\n%s", step, err, out)
			}
		default:
			t.Fatalf("the head of compose.yaml says %v, which nobody tries here", step)
		}
	}
	if up == nil {
		t.Fatal("the head of compose.yaml starts nothing")
	}
	check := svc.Healthcheck.Test
	if len(check) == 0 || check[0] != "CMD" {
		t.Fatalf("health check %v", check)
	}
	if out, err := img.command(check[1:]...).CombinedOutput(); err != nil {
		t.Errorf("%v: %v\n%s", check, err, out)
	}
	up.stop(t)
	if img.command(check[1:]...).Run() == nil {
		t.Error("a collector that is stopped is well")
	}
	img.untouched(t)
}

// composeSteps are the lines of the head that call compose, without what calls it.
func composeSteps(t *testing.T, text string) (steps [][]string) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if rest, ok := strings.CutPrefix(line, "#   docker compose -f installer/compose.yaml "); ok {
			steps = append(steps, strings.Fields(rest))
		}
	}
	if len(steps) < 3 {
		t.Fatalf("the head of compose.yaml has %d steps", len(steps))
	}
	return steps
}

var variable = regexp.MustCompile(`\$\{([A-Z_]+):\?([^}]*)\}`)

// expand puts variables in; one that is missing is an error, as the file wants it.
func expand(words []string, vars map[string]string) (out []string, err error) {
	for _, w := range words {
		w = variable.ReplaceAllStringFunc(w, func(v string) string {
			m := variable.FindStringSubmatch(v)
			if vars[m[1]] == "" {
				err = errors.New(m[2])
			}
			return vars[m[1]]
		})
		if strings.Contains(w, "$") {
			return nil, fmt.Errorf("%s holds a variable of another form", w)
		}
		out = append(out, w)
	}
	return out, err
}

// buildImage does what a Containerfile says. An instruction that it does not know fails the test.
func buildImage(t *testing.T, context, path string) *image {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	img := &image{root: t.TempDir()}
	for _, line := range strings.Split(string(text), "\n") {
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "", "#":
		case "FROM":
			if rest != "scratch" {
				t.Fatalf("the image begins with %s, which is not here", rest)
			}
		case "COPY":
			img.copy(t, context, strings.Fields(rest))
		case "ENV":
			img.env = append(img.env, rest)
		case "USER":
			id, _, _ := strings.Cut(rest, ":")
			img.uid, err = strconv.Atoi(id)
			must(t, err)
		case "EXPOSE":
			img.ports = append(img.ports, rest)
		case "VOLUME":
			img.volumes = append(img.volumes, rest)
		case "STOPSIGNAL":
			if rest != "SIGTERM" {
				t.Fatalf("it is stopped with %s", rest)
			}
		case "ENTRYPOINT":
			must(t, json.Unmarshal([]byte(rest), &img.entrypoint))
		case "CMD":
			must(t, json.Unmarshal([]byte(rest), &img.cmd))
		default:
			t.Fatalf("%s: nobody tries %s here", path, verb)
		}
	}
	if img.uid == 0 || len(img.entrypoint) == 0 || len(img.cmd) == 0 {
		t.Fatalf("the image runs %v %v as %d", img.entrypoint, img.cmd, img.uid)
	}
	must(t, os.Chmod(img.root, 0o555)) //nolint:gosec // the root of a container: nobody's secret lies in it
	t.Cleanup(func() { must(t, os.Chmod(img.root, 0o700)) })
	return img
}

// copy is COPY [--chown=USER] FROM TO. Folders that it makes belong to the same user, which an empty volume there takes over.
func (img *image) copy(t *testing.T, context string, args []string) {
	t.Helper()
	uid := 0
	if who, ok := strings.CutPrefix(args[0], "--chown="); ok {
		id, _, _ := strings.Cut(who, ":")
		var err error
		uid, err = strconv.Atoi(id)
		must(t, err)
		args = args[1:]
	}
	body, err := os.ReadFile(filepath.Join(context, args[0]))
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is not there: run make build", args[0])
	}
	must(t, err)
	to := filepath.Join(img.root, args[1])
	for dir := filepath.Dir(to); dir != img.root; dir = filepath.Dir(dir) {
		must(t, os.MkdirAll(dir, 0o755)) //nolint:gosec // as an image has it
		img.own(t, dir, uid)
	}
	must(t, os.WriteFile(to, body, 0o755)) //nolint:gosec // as an image has it
	img.own(t, to, uid)
}

// own gives a file to a user of the container. Without root there is but one, whom everything belongs to already.
func (img *image) own(t *testing.T, path string, uid int) {
	t.Helper()
	if os.Geteuid() == 0 {
		must(t, os.Chown(path, uid, uid))
	}
}

// command is a program in the container.
func (img *image) command(args ...string) *exec.Cmd {
	attr := &syscall.SysProcAttr{Chroot: img.root, Credential: &syscall.Credential{Uid: uint32(img.uid), Gid: uint32(img.uid)}, Cloneflags: syscall.CLONE_NEWNET,
		Pdeathsig: syscall.SIGKILL}
	if uid := os.Geteuid(); uid != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: img.uid, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: img.uid, HostID: os.Getegid(), Size: 1}}
		attr.Credential.NoSetGroups = true
	}
	return &exec.Cmd{Path: args[0], Args: args, Env: img.env, Dir: "/", SysProcAttr: attr}
}

// served is a collector that runs.
type served struct {
	cmd  *exec.Cmd
	said *bytes.Buffer
}

// serve starts the entry point, and returns once it has said that it is ready.
func (img *image) serve(t *testing.T, args []string) *served {
	t.Helper()
	s := &served{img.command(slices.Concat(img.entrypoint, args)...), &bytes.Buffer{}}
	out, err := s.cmd.StdoutPipe()
	must(t, err)
	s.cmd.Stderr = s.said
	must(t, s.cmd.Start())
	t.Cleanup(func() { _ = s.cmd.Process.Kill() }) // it may have ended
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready: ") {
		_ = s.cmd.Wait()
		t.Fatalf("%v: %q, %v\n%s", args, line, err, s.said)
	}
	return s
}

// stop ends it as compose does, and wants it to end well.
func (s *served) stop(t *testing.T) {
	t.Helper()
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("stopped, it ends with %v\n%s", err, s.said)
	}
}

// untouched fails the test if anything was written outside the volumes.
func (img *image) untouched(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(img.root)
	must(t, err)
	for _, e := range entries {
		if path := "/" + e.Name(); !slices.Contains(img.volumes, path) && path != img.entrypoint[0] {
			t.Errorf("%s was written outside the volumes", path)
		}
	}
}
