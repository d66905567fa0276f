package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/ingest"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/spf13/cobra"
)

// home is the collector's folder. Everything that it keeps lies there.
type home string

const (
	policyKeyName    = "policy.key" // may be moved to an offline machine
	policyPublicName = "policy.pub"
	policyName       = "policy.signed"
	addressName      = "address" // under which devices reach the collector, written by serve
	socketName       = "operator.sock"
	limitsName       = "limits.json" // optional
)

func (h home) path(name string) string { return filepath.Join(string(h), name) }

// dirFlag adds --dir to a command.
func dirFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("dir", defaultDir(), "the collector's folder")
}

func defaultDir() string {
	if d := os.Getenv("STATE_DIRECTORY"); d != "" { // set by systemd
		return d
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "byleave-collector"
	}
	return filepath.Join(user, ".local", "share", "byleave-collector")
}

// openHome finds a folder that init made, and refuses one that others can look into.
func openHome(dir string) (home, error) {
	h := home(dir)
	if _, err := os.Stat(h.path(policyPublicName)); errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("%s is no collector's folder: make one with `byleave-collector init --dir %s`", dir, dir)
	} else if err != nil {
		return h, fmt.Errorf("look into the folder: %w", err)
	}
	return h, h.guard()
}

// guard refuses modes that let others read.
func (h home) guard() error {
	if runtime.GOOS == "windows" {
		return nil // folders there carry access lists, which a mode does not show
	}
	info, err := os.Stat(string(h))
	if err != nil {
		return fmt.Errorf("look at the folder: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("others can look into %s: run `chmod 700 %s`", h, h)
	}
	for _, name := range []string{"ca.key", "vault.key", "ledger.key", policyKeyName, cloudName, "index.db"} {
		if err := guardKey(h.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) { // whoever needs it says so
			return err
		}
	}
	return nil
}

// guardKey refuses a key file that others can read.
func guardKey(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), errors.Unwrap(err))
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("others can read %s: run `chmod 600 %s`", filepath.Base(path), path)
	}
	return nil
}

// fingerprints is what every invitation pins.
func (h home) fingerprints(authority *ca.Authority) (ca.Fingerprints, error) {
	pub, err := h.policyPublic()
	if err != nil {
		return ca.Fingerprints{}, err
	}
	log, err := ledger.PublicKey(string(h))
	if err != nil {
		return ca.Fingerprints{}, err
	}
	return ca.Fingerprints{CA: authority.Fingerprint(), Policy: sha256.Sum256(pub), Ledger: sha256.Sum256(log)}, nil
}

// limits is what the operator set in limits.json, or the defaults. Errors name the file, the line and the field.
func (h home) limits() (ingest.Limits, error) {
	text, err := os.ReadFile(h.path(limitsName))
	if errors.Is(err, fs.ErrNotExist) {
		return ingest.DefaultLimits(), nil
	}
	if err != nil {
		return ingest.Limits{}, fmt.Errorf("read %s: %w", limitsName, errors.Unwrap(err))
	}
	l, err := ingest.ParseLimits(text)
	if err != nil {
		return l, fmt.Errorf("%s: %w", limitsName, err)
	}
	return l, nil
}

// makePolicyKey makes the key pair that policies are signed with.
func (h home) makePolicyKey() error {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make the policy's key: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode the policy's key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return fmt.Errorf("encode the policy's key: %w", err)
	}
	if err := writeFile(h.path(policyKeyName), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})); err != nil {
		return err
	}
	return writeFile(h.path(policyPublicName), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
}

func (h home) policyPublic() (ed25519.PublicKey, error) {
	return readPolicyPublic(h.path(policyPublicName))
}

func readPolicyPublic(path string) (ed25519.PublicKey, error) {
	block, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(block)
	pub, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s holds no Ed25519 public key: it was made by init as %s", filepath.Base(path), policyPublicName)
	}
	return pub, nil
}

func readPolicyKey(path string) (ed25519.PrivateKey, error) {
	if err := guardKey(path); err != nil {
		return nil, err
	}
	block, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s holds no Ed25519 private key: it was made by init as %s", filepath.Base(path), policyKeyName)
	}
	return key, nil
}

func readPEM(path string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), errors.Unwrap(err))
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key in PEM form", filepath.Base(path))
	}
	return block.Bytes, nil
}

// writeFile makes a durable file of mode 0600 that replaces an old one in one step.
func writeFile(path string, body []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	_, err = tmp.Write(body)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", filepath.Base(path), err), os.Remove(tmp.Name()))
	}
	return nil
}
