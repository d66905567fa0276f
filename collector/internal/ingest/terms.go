package ingest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/byleave/byleave/policy"
)

// TermsFolder lies beside the policy and holds each that was ever handed out.
const TermsFolder = "policies"

const termsSuffix = ".signed"

// Term is how long boxes under a policy are kept.
type Term struct {
	Policy [32]byte
	Days   uint32
}

// keep puts a policy beside those that were handed out before: boxes under it stay longer than it is the newest. p.mu is held.
func (p *PolicyFile) keep(next policy.Policy, raw []byte) error {
	digest := next.Digest()
	path := filepath.Join(filepath.Dir(p.path), TermsFolder, hex.EncodeToString(digest[:])+termsSuffix)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep the policy: %w", err)
	}
	return replaceFile(path, raw)
}

// Terms is what each policy says that was ever handed out. A file that is none is told in the log and passed over: its boxes stay.
func (p *PolicyFile) Terms() (out []Term, err error) {
	dir := filepath.Join(filepath.Dir(p.path), TermsFolder)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the policies: %w", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), termsSuffix) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read a policy: %w", err)
		}
		parsed, err := policy.Parse(raw, p.key)
		if err != nil {
			p.log.Error("a file in policies/ is no policy of this collector; how long its boxes are kept is not known", "error", err)
			continue
		}
		out = append(out, Term{parsed.Digest(), parsed.Message().GetRetentionDays()})
	}
	return out, nil
}
