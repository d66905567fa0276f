package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/byleave/byleave/collector/internal/ingest"
	"github.com/byleave/byleave/policy"
	"github.com/spf13/cobra"
)

func policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "policy",
		Short:   "Write, sign, check and publish what people are asked for",
		Example: "  byleave-collector policy new > policy.json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(policyNewCommand(), policySignCommand(), policyCheckCommand(), policySetCommand())
	return cmd
}

func policyNewCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new",
		Short: "Print a policy to edit; the custodian's key is yours to fill in",
		Long: "Prints an example that begins now and ends in a year. Times are seconds since 1970, as `date +%s` prints them; hours are seconds since\n" +
			"midnight, on weekdays from 0 (Sunday) to 6. public_key is what `custodian new` prints. A policy that takes the place of another one needs a higher version.",
		Example: "  byleave-collector policy new > policy.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := cmd.OutOrStdout().Write(dated(policy.Template(), time.Now())); err != nil {
				return fmt.Errorf("print the policy: %w", err)
			}
			return nil
		},
	}
}

// dated is the template as one that is made now and holds for a year.
func dated(template []byte, now time.Time) []byte {
	for field, t := range map[string]time.Time{"issued_at": now, "expires_at": now.AddDate(1, 0, 0)} {
		template = regexp.MustCompile(`("`+field+`": )"[0-9]+"`).ReplaceAll(template, fmt.Appendf(nil, `$1"%d"`, t.Unix()))
	}
	return template
}

func policySignCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "sign POLICY.json",
		Short:   "Sign a policy; one that is not valid is refused",
		Example: "  byleave-collector policy sign --key policy.key policy.json --out policy.signed",
		Args:    cobra.ExactArgs(1),
	}
	key := cmd.Flags().String("key", policyKeyName, "the private key that init made")
	out := cmd.Flags().String("out", policyName, "where the signed policy goes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		text, err := readInput(args[0])
		if err != nil {
			return err
		}
		body, err := policy.FromJSON(text)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(args[0]), err)
		}
		private, err := readPolicyKey(*key)
		if err != nil {
			return err
		}
		signed, err := policy.Sign(body, private)
		if err != nil {
			return err
		}
		return writeFile(*out, signed)
	}
	return cmd
}

func policyCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Say whether a policy, as JSON or signed, is valid, and show the notice that people read",
		Example: "  byleave-collector policy check policy.json\n" +
			"  byleave-collector policy check policy.signed --key policy.pub",
		Args: cobra.ExactArgs(1),
	}
	key := cmd.Flags().String("key", "", "the public key that init made, for a signed policy")
	asJSON := cmd.Flags().Bool("json", false, "print the facts as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		text, err := readInput(args[0])
		if err != nil {
			return err
		}
		p, signed, err := readPolicy(text, *key)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(args[0]), err)
		}
		notice, err := policy.Notice(p)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), map[string]any{"valid": true, "signed": signed, "version": p.Version(),
				"purpose": p.PurposeID(), "sha256": fmt.Sprintf("%x", p.Digest()), "notice": notice})
		}
		if !signed {
			fmt.Fprintf(cmd.OutOrStdout(), "%s\nThe policy is valid: version %d. It is not signed yet.\n", notice, p.Version())
			return nil
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s\nThe policy is valid: version %d, SHA-256 %x.\n", notice, p.Version(), p.Digest())
		return nil
	}
	return cmd
}

// readPolicy reads either form. Without a key nothing can be said of a signed one; one that is not signed is read as if it were, for its notice.
func readPolicy(text []byte, key string) (policy.Policy, bool, error) {
	if isJSON(text) {
		p, err := draft(text)
		return p, false, err
	}
	if key == "" {
		return policy.Policy{}, false, misuse{fmt.Errorf("this is no JSON; a signed policy is checked with --key %s", policyPublicName)}
	}
	pub, err := readPolicyPublic(key)
	if err != nil {
		return policy.Policy{}, false, err
	}
	p, err := policy.Parse(text, pub)
	return p, true, err
}

// draft is what a policy would be, once signed. The key is nobody's and forgotten.
func draft(text []byte) (policy.Policy, error) {
	body, err := policy.FromJSON(text)
	if err != nil {
		return policy.Policy{}, err
	}
	pub, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return policy.Policy{}, fmt.Errorf("draw a key: %w", err)
	}
	signed, err := policy.Sign(body, private)
	if err != nil {
		return policy.Policy{}, err
	}
	return policy.Parse(signed, pub)
}

func isJSON(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) }

func policySetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "set POLICY.signed",
		Short:   "Publish a signed policy to devices; one that is older or not signed with this collector's key is refused",
		Example: "  byleave-collector policy set --dir /srv/byleave policy.signed",
		Args:    cobra.ExactArgs(1),
	}
	dir := dirFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		h, err := openHome(*dir)
		if err != nil {
			return err
		}
		pub, err := h.policyPublic()
		if err != nil {
			return err
		}
		text, err := readInput(args[0])
		if err != nil {
			return err
		}
		if isJSON(text) {
			return misuse{errors.New("this policy is not signed; sign it where the private key is: byleave-collector policy sign")}
		}
		next, err := ingest.ReplacePolicy(h.path(policyName), text, pub, time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "policy version %d is published\n", next.Version())
		return nil
	}
	return cmd
}

// mostInput is larger than any policy or box.
const mostInput = 16 << 20

// readInput reads a file that a person named.
func readInput(path string) ([]byte, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), errors.Unwrap(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostInput+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), errors.Unwrap(err))
	}
	if len(text) > mostInput {
		return nil, fmt.Errorf("%s has more than %d MiB: it is neither a policy nor a box", filepath.Base(path), mostInput>>20)
	}
	return text, nil
}
