package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func tailCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show which boxes arrived, in lots of ten: id, size, hour, purpose",
		Long: "Shows boxes in lots of at least ten, from at least ten people, so that nobody's arrival can be watched. While fewer than ten people take\n" +
			"part it shows nothing; `doctor` says whether the collector works.",
		Example: "  byleave-collector tail --dir /srv/byleave --follow",
		Args:    cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	follow := cmd.Flags().Bool("follow", false, "wait for more")
	asJSON := cmd.Flags().Bool("json", false, "print a JSON object per line")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withOperator(*dir, func(c pb.OperatorClient) error {
			stream, err := c.Tail(cmd.Context(), &pb.TailRequest{Follow: *follow})
			if err != nil {
				return err
			}
			for shown := false; ; shown = true {
				row, err := stream.Recv()
				if errors.Is(err, io.EOF) && !shown {
					fmt.Fprintln(cmd.ErrOrStderr(), "Nothing to show: boxes are shown in lots from at least ten people.")
				}
				if errors.Is(err, io.EOF) || cmd.Context().Err() != nil {
					return nil
				}
				if err != nil {
					return err
				}
				if err := printRow(cmd.OutOrStdout(), row, *asJSON); err != nil {
					return err
				}
			}
		})
	}
	return cmd
}

func printRow(w io.Writer, r *pb.TailResponse, asJSON bool) error {
	id, hour := hex.EncodeToString(r.GetBatch()), time.Unix(r.GetHour(), 0).UTC().Format("2006-01-02T15Z")
	kib := 8 << r.GetSizeBucket()
	if asJSON {
		return printJSON(w, map[string]any{"batch": id, "bucket_kib": kib, "hour": hour, "purpose": r.GetPurposeId()})
	}
	_, err := fmt.Fprintf(w, "%s  %4d KiB  %s  %s\n", id, kib, hour, r.GetPurposeId())
	return err
}

func statsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "Sum up days that have ended; fewer than ten people are not counted, counts are rounded down to tens",
		Example: "  byleave-collector stats --dir /srv/byleave",
		Args:    cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withOperator(*dir, func(c pb.OperatorClient) error {
			s, err := c.Stats(cmd.Context(), &pb.StatsRequest{})
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(cmd.OutOrStdout(), map[string]any{"boxes": s.GetBoxes(), "bytes": s.GetBytes(), "suppressed": s.GetSuppressed(), "days": toldDays(s), "text": s.GetText()})
			}
			fmt.Fprint(cmd.OutOrStdout(), s.GetText())
			return nil
		})
	}
	return cmd
}

// toldDay is a day that has ended, for a program.
type toldDay struct {
	Day    string `json:"day"`
	People uint64 `json:"people"`
	Boxes  uint64 `json:"boxes"`
	Bytes  uint64 `json:"bytes"`
}

func toldDays(s *pb.StatsResponse) []toldDay {
	days := []toldDay{} // none is an empty list
	for _, d := range s.GetDays() {
		days = append(days, toldDay{time.Unix(d.GetDay(), 0).UTC().Format(time.DateOnly), d.GetPeople(), d.GetBoxes(), d.GetBytes()})
	}
	return days
}

// withOperator calls do with a connection to the collector that runs in dir.
func withOperator(dir string, do func(pb.OperatorClient) error) (err error) {
	h, err := openHome(dir)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(h.path(socketName))
	if err != nil {
		return fmt.Errorf("find the operator's socket: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("no collector runs in %s: start it with `byleave-collector serve --dir %s`", dir, dir)
	}
	conn, err := grpc.NewClient("unix://"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("call the collector: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = do(pb.NewOperatorClient(conn))
	if s, ok := status.FromError(err); ok && s.Code() == codes.Unavailable && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("no collector answers in %s: is `serve` running as the same user? (%s)", dir, s.Message())
	}
	return err
}
