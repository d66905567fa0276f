package main

import (
	"encoding/hex"
	"fmt"
	"io"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/spf13/cobra"
)

func inspectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "inspect BOX",
		Short:   "Print exactly what the collector sees of a box",
		Example: "  byleave-collector inspect ~/.local/share/byleave/spool/sent/0123456789abcdef.box",
		Args:    cobra.ExactArgs(1),
	}
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		raw, err := readInput(args[0])
		if err != nil {
			return err
		}
		box, err := envelope.Parse(raw)
		if err != nil {
			return fmt.Errorf("this is no whole box: %w", err)
		}
		v := viewOf(box)
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), v)
		}
		return v.print(cmd.OutOrStdout())
	}
	return cmd
}

// view is everything of a box that is not sealed.
type view struct {
	Version      uint16        `json:"version"`
	Batch        string        `json:"batch"`
	Subject      string        `json:"subject"`
	Device       string        `json:"device"`
	Consent      string        `json:"consent"`
	Policy       string        `json:"policy_sha256"`
	Purpose      string        `json:"purpose"`
	Sequence     uint64        `json:"sequence"`
	Previous     string        `json:"previous"`
	PayloadHash  string        `json:"payload_sha256"`
	CapsulesHash string        `json:"capsules_sha256"`
	Bucket       uint8         `json:"size_bucket"`
	Digest       string        `json:"digest"`
	Capsules     []capsuleView `json:"capsules"`
	PayloadBytes int           `json:"sealed_payload_bytes"`
}

type capsuleView struct {
	Role  string `json:"role"`
	Key   string `json:"key_sha256"`
	Bytes int    `json:"sealed_bytes"`
}

func viewOf(b envelope.Box) view {
	h, digest := b.Header(), b.Digest()
	_, _, payload := b.Parts()
	v := view{
		Version: h.Version, Batch: hex.EncodeToString(h.Batch[:]), Subject: hex.EncodeToString(h.Subject[:]), Device: hex.EncodeToString(h.Device[:]),
		Consent: hex.EncodeToString(h.Consent[:]), Policy: hex.EncodeToString(h.Policy[:]), Purpose: h.Purpose, Sequence: h.Sequence,
		Previous: hex.EncodeToString(h.Previous[:]), PayloadHash: hex.EncodeToString(h.Payload[:]), CapsulesHash: hex.EncodeToString(h.Capsules[:]),
		Bucket: h.Bucket, Digest: hex.EncodeToString(digest[:]), PayloadBytes: len(payload),
	}
	for _, c := range b.Capsules() {
		v.Capsules = append(v.Capsules, capsuleView{c.Role.String(), hex.EncodeToString(c.Key[:]), len(c.Sealed)})
	}
	return v
}

func (v view) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "version    %d\nbatch      %s\nsubject    %s\ndevice     %s\nconsent    %s\npolicy     %s\npurpose    %s\nsequence   %d\n"+
		"previous   %s\npayload    %d bytes sealed, SHA-256 %s\ncapsules   SHA-256 %s\nbucket     %d (up to %d KiB)\ndigest     %s\n",
		v.Version, v.Batch, v.Subject, v.Device, v.Consent, v.Policy, v.Purpose, v.Sequence,
		v.Previous, v.PayloadBytes, v.PayloadHash, v.CapsulesHash, v.Bucket, 8<<v.Bucket, v.Digest)
	for _, c := range v.Capsules {
		if err == nil {
			_, err = fmt.Fprintf(w, "  %-10s %d bytes sealed to key %s\n", c.Role, c.Bytes, c.Key)
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(w, "\nNothing else of a box can be read here: no time, application, action or text.")
	}
	return err
}
