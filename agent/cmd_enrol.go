package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/spf13/cobra"
)

func enrolCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "enrol INVITATION",
		Short: "Introduce this device to a collector; this agrees to nothing",
		Long: "Trades a single-use invitation for a certificate, and makes the keys of this device and your own key.\n" +
			"Your own key opens everything that is recorded of you; it lies under your passphrase, and the recovery code that is printed\n" +
			"opens it when the passphrase or the computer is lost. Enrolling records nothing and tells the operator nothing of your decision.",
		Example: "  byleave enrol 'byleave://collector.example:7443/?ca=…&policy=…&ledger=…&token=…'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := homeDir()
			if err != nil {
				return err
			}
			keys, err := keystore.Open(home)
			if err != nil {
				return err
			}
			if keys.Enrolled() {
				return errors.New("this device is enrolled already; nothing was changed")
			}
			passphrase, err := readPassphrase(cmd.OutOrStdout(), file)
			if err != nil {
				return err
			}
			code, err := upload.Enrol(cmd.Context(), args[0], keys, passphrase)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Enrolled. Nothing is recorded until you agree to something: byleave consent give\n\n"+
				"Your recovery code, shown only now. Write it down and keep it away from this computer:\n\n  %s\n\n", code)
			return poke(cmd, "reload")
		},
	}
	cmd.Flags().StringVar(&file, "passphrase-file", "", "read the passphrase from this file instead of the terminal")
	return cmd
}

// longestPassphrase bounds what is read; a longer file is surely the wrong one.
const longestPassphrase = 1024

func readPassphrase(out io.Writer, file string) ([]byte, error) {
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("open the passphrase file: %w", err)
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, longestPassphrase+1))
		if err != nil || len(b) > longestPassphrase {
			return nil, errors.Join(err, fmt.Errorf("the passphrase file must hold at most %d bytes", longestPassphrase))
		}
		return bytes.TrimRight(b, "\r\n"), nil
	}
	first, err := askHidden(out, "A passphrase for your own key: ")
	if err != nil {
		return nil, err
	}
	again, err := askHidden(out, "The same again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, again) {
		return nil, errors.New("the two were not the same; nothing was changed")
	}
	return first, nil
}
