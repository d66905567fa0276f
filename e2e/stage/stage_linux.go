package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/pty"
)

// App is the id of the one application of the policy: mousepad, whose fields the accessibility bus knows.
const App = "editor"

// Purpose is the purpose of the policy.
const Purpose = "computer-use-training"

// passphrase opens the person's key of every stage.
const passphrase = "correct horse battery staple"

// Stage is the whole of it. Make one with Open and end it with Close.
type Stage struct {
	Desk     *desktop.Desktop
	Dir      string // the operator's and the custodian's files
	Home     string // BYLEAVE_HOME of the person
	Recovery string // the person's recovery code
	Bus      string // address of the system bus that the agent hears; "" is none, so that no test depends on the machine's battery

	bin       string
	agent     string
	collector *exec.Cmd
	ended     chan struct{} // closed when the collector has ended
	exit      error         // of the collector; valid once ended is closed
	addr      string
	version   int
	ends      time.Time // of every policy: a later end would be wider
}

// Options say what to stage. Bin is the folder of the binaries.
type Options struct {
	Bin   string
	Agent string                                          // name of the agent's binary; "" is byleave
	Proxy func(collector string) (addr string, err error) // puts something between device and collector; nil: nothing
	Edit  func(policy map[string]any)                     // changes the policy before it is signed
	Disk  func(home string) error                         // prepares the agent's folder before it enrols: puts it on another disk; nil: nothing
}

// Open makes the collector, the custodian, the policy and the device. Nobody has agreed to anything yet.
func Open(ctx context.Context, desk *desktop.Desktop, opt Options) (*Stage, error) {
	dir, err := os.MkdirTemp("", "byleave-stage-")
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	s := &Stage{Desk: desk, Dir: dir, bin: opt.Bin, agent: opt.Agent}
	if s.agent == "" {
		s.agent = "byleave"
	}
	if err := s.open(ctx, opt); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Operator makes the collector, the custodian and the policy alone, and an invitation for a device that the caller enrols elsewhere.
func Operator(ctx context.Context, opt Options) (s *Stage, invitation string, err error) {
	dir, err := os.MkdirTemp("", "byleave-stage-")
	if err != nil {
		return nil, "", fmt.Errorf("stage: %w", err)
	}
	s = &Stage{Dir: dir, bin: opt.Bin}
	if invitation, err = s.operate(ctx, opt); err != nil {
		return nil, "", errors.Join(err, s.Close())
	}
	return s, invitation, nil
}

func (s *Stage) operate(ctx context.Context, opt Options) (invitation string, err error) {
	if _, err := s.Collector(ctx, "init", "--dir", s.data()); err != nil {
		return "", err
	}
	if err := s.Serve(ctx); err != nil {
		return "", err
	}
	if invitation, err = s.invite(ctx, "custodian"); err != nil {
		return "", err
	}
	if _, err := s.Collector(ctx, "custodian", "new", "--name", "Works council", "--invite", invitation, "--out", s.Key()); err != nil {
		return "", err
	}
	if err := s.Publish(ctx, opt.Edit); err != nil {
		return "", err
	}
	return s.invite(ctx, "device")
}

func (s *Stage) open(ctx context.Context, opt Options) error {
	invitation, err := s.operate(ctx, opt)
	if err != nil {
		return err
	}
	if opt.Proxy != nil {
		proxy, err := opt.Proxy(s.addr)
		if err != nil {
			return err
		}
		invitation = strings.Replace(invitation, s.addr, proxy, 1)
	}
	s.Home = filepath.Join(s.Desk.Dir(), "byleave") // never the person's own: they may have a Byleave there
	if opt.Disk != nil {
		if err := opt.Disk(s.Home); err != nil {
			return err
		}
	}
	return s.enrol(ctx, invitation)
}

func (s *Stage) data() string { return filepath.Join(s.Dir, "collector") }

// Key is the custodian's key file.
func (s *Stage) Key() string { return filepath.Join(s.Dir, "custodian.json") }

// Data is the collector's folder.
func (s *Stage) Data() string { return s.data() }

// Address is where the collector listens.
func (s *Stage) Address() string { return s.addr }

// Log is the file with everything that the collector printed.
func (s *Stage) Log() string { return filepath.Join(s.Dir, "collector.log") }

// Collector runs one command of the operator or the custodian.
func (s *Stage) Collector(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "byleave-collector"), args...)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("byleave-collector %s: %w: %s", args[0], err, strings.TrimSpace(words.String()))
	}
	return out.String(), nil
}

// Serve starts the collector, at the address it had before if it had one, and waits until it listens. While it was away any other program
// may have been given its port for a connection, so it is started again until the port is free.
func (s *Stage) Serve(ctx context.Context) error {
	for {
		before, err := os.ReadFile(s.Log())
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("stage: %w", err)
		}
		if err := s.launch(); err != nil {
			return err
		}
		addr := ""
		err = desktop.Until(ctx, "the collector to listen", func() bool {
			b, err := os.ReadFile(s.addrFile())
			addr = strings.TrimSpace(string(b))
			return err == nil && addr != "" || !s.Serving()
		})
		if err != nil {
			return err
		}
		if addr != "" {
			s.addr = addr
			return nil
		}
		log, err := os.ReadFile(s.Log())
		said := bytes.TrimPrefix(log, before)
		if s.addr == "" || err != nil || ctx.Err() != nil || !bytes.Contains(said, []byte("address already in use")) {
			return fmt.Errorf("stage: the collector ended: %w: %s", errors.Join(s.exit, err, ctx.Err()), said)
		}
	}
}

func (s *Stage) addrFile() string { return filepath.Join(s.Dir, "address") }

// launch starts the collector's process.
func (s *Stage) launch() error {
	listen := s.addr
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	if err := os.Remove(s.addrFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stage: %w", err)
	}
	log, err := os.OpenFile(s.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(s.bin, "byleave-collector"), "serve", "--dir", s.data(), "--listen", listen, "--addr-file", s.addrFile())
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("stage: start the collector: %w", err)
	}
	ended := make(chan struct{})
	s.collector, s.ended = cmd, ended
	go func() {
		s.exit = cmd.Wait()
		close(ended)
	}()
	return nil
}

// KillCollector ends the collector as a power cut would.
func (s *Stage) KillCollector() error { return s.end(os.Kill) }

// end signals the collector and waits until it has ended.
func (s *Stage) end(sig os.Signal) error {
	if err := s.collector.Process.Signal(sig); err != nil {
		return fmt.Errorf("stage: end the collector: %w", err)
	}
	<-s.ended
	return ignoreExit(s.exit)
}

func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

func (s *Stage) invite(ctx context.Context, role string) (string, error) {
	out, err := s.Collector(ctx, "invite", "--dir", s.data(), "--count", "1", "--role", role)
	return strings.TrimSpace(out), err
}

// Publish signs and publishes a policy for the editor, at any hour of any day, after edit has changed it. Each is newer than the last.
func (s *Stage) Publish(ctx context.Context, edit func(map[string]any)) error {
	out, err := s.Collector(ctx, "policy", "new")
	if err != nil {
		return err
	}
	var p map[string]any
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		return fmt.Errorf("stage: the template: %w", err)
	}
	key, err := os.ReadFile(s.Key())
	if err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	var custodian struct {
		Public []byte `json:"public_key"`
	}
	if err := json.Unmarshal(key, &custodian); err != nil {
		return fmt.Errorf("stage: the custodian's key file: %w", err)
	}
	s.version++
	now := time.Now()
	if s.ends.IsZero() {
		s.ends = now.Add(30 * 24 * time.Hour)
	}
	p["version"] = fmt.Sprint(s.version)
	p["issued_at"], p["expires_at"] = fmt.Sprint(now.Add(-time.Minute).Unix()), fmt.Sprint(s.ends.Unix())
	p["custodians"] = []any{map[string]any{"name": "Works council", "public_key": custodian.Public}}
	p["applications"] = []any{map[string]any{"id": App, "name": "Mousepad", "wm_class": "Mousepad", "executables": []string{"/usr/bin/mousepad"}}}
	p["hours"] = []any{map[string]any{"weekdays": []int{0, 1, 2, 3, 4, 5, 6}, "start_second": 0, "end_second": 86400}}
	if edit != nil {
		edit(p)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	in, signed := filepath.Join(s.Dir, "policy.json"), filepath.Join(s.Dir, "policy.signed")
	if err := os.WriteFile(in, body, 0o600); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	if _, err := s.Collector(ctx, "policy", "sign", "--key", filepath.Join(s.data(), "policy.key"), "--out", signed, in); err != nil {
		return err
	}
	_, err = s.Collector(ctx, "policy", "set", "--dir", s.data(), signed)
	return err
}

// enrol makes the device as the person of the desktop.
func (s *Stage) enrol(ctx context.Context, invitation string) error {
	if _, err := s.Desk.Install(filepath.Join(s.bin, "byleave-ocr")); err != nil {
		return err
	}
	if _, err := s.Desk.Install(filepath.Join(s.bin, s.agent)); err != nil {
		return err
	}
	secret := filepath.Join(s.Desk.Dir(), "passphrase")
	if err := os.WriteFile(secret, []byte(passphrase+"\n"), 0o600); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	if err := s.Desk.Own(secret); err != nil {
		return err
	}
	out, err := s.Byleave(ctx, "enrol", invitation, "--passphrase-file", secret)
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		if code := strings.TrimSpace(line); strings.Count(code, "-") == 7 {
			s.Recovery = code
		}
	}
	if s.Recovery == "" {
		return errors.New("stage: enrol printed no recovery code")
	}
	return os.Remove(secret)
}

// command is one command of the person.
func (s *Stage) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := s.Desk.Command(ctx, s.Binary(), args...)
	cmd.Env = append(cmd.Env, "BYLEAVE_HOME="+s.Home)
	return cmd
}

// Binary is the person's copy of the agent.
func (s *Stage) Binary() string { return filepath.Join(s.Desk.Dir(), "bin", s.agent) }

// Byleave runs one command of the person.
func (s *Stage) Byleave(ctx context.Context, args ...string) (string, error) {
	cmd := s.command(ctx, args...)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("byleave %s: %w: %s", args[0], err, strings.TrimSpace(words.String()))
	}
	return out.String(), nil
}

// Give agrees at a terminal to everything that the policy asks of the editor, for a day, in hours ("all", or "09:00:00-09:01:00").
func (s *Stage) Give(ctx context.Context, hours string) error {
	_, err := s.AtTerminal(ctx, "yes\n", "consent", "give", "--grant", App+"=pointer,hotkeys,text,frames,elements", "--hours", hours, "--expires", "24h")
	return err
}

// AtTerminal runs one command of the person at a terminal, types answers, and returns what was shown.
func (s *Stage) AtTerminal(ctx context.Context, answers string, args ...string) (string, error) {
	out, err := pty.Run(s.command(ctx, args...), answers)
	if err != nil {
		return string(out), fmt.Errorf("stage: byleave %s: %w: %s", args[0], err, out)
	}
	return string(out), nil
}

// Refuse answers no at a terminal to whatever is asked first.
func (s *Stage) Refuse(ctx context.Context) error {
	out, err := pty.Run(s.command(ctx, "consent", "give"), "no\n")
	if err != nil {
		return fmt.Errorf("stage: refuse: %w: %s", err, out)
	}
	return nil
}

// RunAgent starts the agent with no hold, so that boxes leave as soon as they are sealed, and takes as many pictures as ever, however busy
// this machine is. A test may say otherwise in args.
func (s *Stage) RunAgent(args ...string) (*desktop.Process, error) {
	bus := s.Bus
	if bus == "" {
		bus = "unix:path=" + filepath.Join(s.Dir, "no-bus")
	}
	args = append([]string{"BYLEAVE_HOME=" + s.Home, "DBUS_SYSTEM_BUS_ADDRESS=" + bus, s.Binary(), "run", "--hold", "0s", "--pressure", ""}, args...)
	return s.Desk.Start("agent", "/usr/bin/env", args...)
}

// Status is what `byleave status --json` says, as far as tests ask.
type Status struct {
	State, Words, Note, Upload, Disk, Hotkey, Tray, Text string
	Erasures, Goroutines                                 int
	Mark                                                 bool
	Today                                                struct {
		Bytes, Most int64
		Why, Power  string
	}
	Spool struct {
		Held, Sent, Quarantined int
		HeldBytes               int64 `json:"held_bytes"`
		SentBytes               int64 `json:"sent_bytes"`
		Events                  int64 `json:"events_bytes"`
		Compressed              int64 `json:"compressed_bytes"`
		Sealed                  int64 `json:"sealed_bytes"`
	}
}

// Status asks the running agent, as `byleave status` does, without a process for each question.
func (s *Stage) Status(ctx context.Context) (st Status, err error) {
	return st, s.Ask(ctx, "status", "null", &st)
}

// Ask asks the running agent for a verb through its socket; in is JSON, the answer is decoded into out, nil for none.
func (s *Stage) Ask(ctx context.Context, verb, in string, out any) error {
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(s.Home, "run", "control.sock"))
	}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent/"+verb, strings.NewReader(in))
	if err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	res, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return fmt.Errorf("stage: ask the agent: %w", err)
	}
	defer res.Body.Close()
	var answer struct {
		Out   json.RawMessage
		Error string
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("stage: the agent's answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("stage: %s: the agent answered %s: %s", verb, res.Status, answer.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Out, out)
}

// Until waits until the agent's status fulfils cond.
func (s *Stage) Until(ctx context.Context, what string, cond func(Status) bool) error {
	var last Status
	var lastErr error
	err := desktop.Until(ctx, what, func() bool {
		st, err := s.Status(ctx)
		if err == nil {
			last = st
		} else if ctx.Err() == nil {
			lastErr = err
		}
		return err == nil && cond(st)
	})
	if err != nil {
		return fmt.Errorf("%w; the agent last said %+v, %w", err, last, lastErr)
	}
	return nil
}

// Export lets the custodian export everything to dir.
func (s *Stage) Export(ctx context.Context, dir string) (string, error) {
	return s.Collector(ctx, "export", "--key", s.Key(), "--purpose", Purpose, "--format", "jsonl", "--out", dir, "--yes")
}

// Close ends the collector and removes the stage's folder. The desktop is the caller's.
func (s *Stage) Close() error {
	var err error
	if s.Serving() {
		err = s.end(os.Interrupt)
	}
	return errors.Join(err, os.RemoveAll(s.Dir))
}

// Serving tells whether the collector runs.
func (s *Stage) Serving() bool {
	select {
	case <-s.ended:
		return false
	default:
		return s.collector != nil
	}
}
