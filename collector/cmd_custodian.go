package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"

	"github.com/byleave/byleave/collector/internal/export"
	"github.com/byleave/byleave/proto/ask"
	"github.com/spf13/cobra"
)

func custodianCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "custodian",
		Short: "Be the holder of an export key; run this on your own machine, not on the collector's",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(custodianNew(), custodianRenew())
	return cmd
}

const (
	askInvitation  = "Your invitation: "
	invitationHelp = "An invitation in a command is seen by others who use this computer, and kept by the shell: - in its place asks for it, or takes a line of\n" +
		"standard input."
)

func custodianNew() *cobra.Command {
	var name, invitation, out string
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make your key and enrol with an invitation for a custodian",
		Long: "Makes the key that opens your share of every box, in a file that never leaves this machine, and enrols you with the collector.\n" +
			"It prints your public key: the operator puts it into the policy. Without your file nothing can be exported; keep a copy in a safe.\n" +
			invitationHelp,
		Example: "  byleave-collector custodian new --name 'Works council' --invite - --out key.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := export.Vacant(out); err != nil {
				return err
			}
			invitation, err := ask.Bearer(cmd.Context(), invitation, askInvitation, cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			key, err := export.NewKey(name)
			if err != nil {
				return err
			}
			if err := key.Save(out); err != nil { // before the invitation is spent
				return err
			}
			if key, err = key.Renew(cmd.Context(), invitation); errors.Is(err, export.ErrNoAnswer) { // it may have taken the key all the same
				return fmt.Errorf("%w; your key is kept in %s: go on with `byleave-collector custodian renew --key %s`", err, out, out)
			} else if err != nil {
				return errors.Join(err, os.Remove(out))
			}
			if err := key.Replace(out); err != nil {
				return fmt.Errorf("%w: your key is kept, and its certificate is not: ask for another invitation and run `byleave-collector custodian renew`", err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), base64.StdEncoding.EncodeToString(key.PublicKey))
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "your name in the policy's notice, for people to read")
	cmd.Flags().StringVar(&invitation, "invite", "", "the invitation, from invite --role custodian; - asks for it")
	cmd.Flags().StringVar(&out, "out", "", "the key file to make")
	for _, f := range []string{"name", "invite", "out"} {
		if err := cmd.MarkFlagRequired(f); err != nil {
			panic("custodian: " + err.Error())
		}
	}
	return cmd
}

func custodianRenew() *cobra.Command {
	var path, invitation string
	cmd := &cobra.Command{
		Use:     "renew",
		Short:   "Get a new certificate for a key that you keep",
		Long:    "A certificate lasts 30 days; the key that opens boxes stays the same, and so does what the policy says of you.\n" + invitationHelp,
		Example: "  byleave-collector custodian renew --key key.json --invite -",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			invitation, err := ask.Bearer(cmd.Context(), invitation, askInvitation, cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			key, err := export.Load(path)
			if err != nil {
				return err
			}
			if key, err = key.Renew(cmd.Context(), invitation); err != nil {
				return err
			}
			return key.Replace(path)
		},
	}
	cmd.Flags().StringVar(&path, "key", "", "your key file")
	cmd.Flags().StringVar(&invitation, "invite", "", "the invitation, from invite --role custodian; - asks for it")
	for _, f := range []string{"key", "invite"} {
		if err := cmd.MarkFlagRequired(f); err != nil {
			panic("custodian: " + err.Error())
		}
	}
	return cmd
}
