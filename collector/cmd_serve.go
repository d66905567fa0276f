package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/ingest"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/operator"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/vault"
	"github.com/byleave/byleave/proto/pb"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

type serveOptions struct {
	dir, listen, addrFile string
	hosts                 []string
}

func serveCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the collector",
		Example: "  byleave-collector serve --dir /srv/byleave\n" +
			"  byleave-collector serve --dir /srv/byleave --listen :7443 --host collector.example.org",
		Args: cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:7443", "HOST:PORT to listen on; port 0 takes a free one")
	cmd.Flags().StringVar(&o.addrFile, "addr-file", "", "write the address there once the collector is ready")
	cmd.Flags().StringSliceVar(&o.hosts, "host", nil, "a name or address by which devices reach it; the first stands in invitations")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.dir = *dir
		if err := checkHosts(o.hosts); err != nil {
			return err
		}
		log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
		return serve(cmd.Context(), o, log, func(addr string) { fmt.Fprintln(cmd.OutOrStdout(), "ready:", addr) })
	}
	return cmd
}

// collector is what serve puts together.
type collector struct {
	home      home
	authority *ca.Authority
	store     keeper
	sign      store.SignErasure
	policy    *ingest.PolicyFile
	audit     *ingest.Audit
	ingest    *ingest.Ingest
	ledger    *ledger.Log
	server    *grpc.Server
	log       *slog.Logger
	confined  bool // nothing but its folder is open to it
}

// serve runs until ctx ends, then answers what is in flight and closes the store.
func serve(ctx context.Context, o serveOptions, log *slog.Logger, ready func(addr string)) (err error) {
	hup := make(chan os.Signal, 1) // from the first moment: a signal that nobody waits for ends a program, and opening a store may take its time
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	c, err := openCollector(ctx, o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.store.Close()) }()
	runMore()
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		c.ingest.Close()
		return fmt.Errorf("listen: %w: name another place with --listen", err)
	}
	addr, err := publicAddress(l.Addr(), o.hosts)
	if err == nil {
		err = c.announce(addr, o.addrFile)
	}
	if err != nil {
		c.ingest.Close()
		return errors.Join(err, l.Close())
	}
	return c.run(ctx, l, hup, func() { ready(addr) })
}

// inSyncs is how many threads wait in the system for the disk at most times while a group is stored: first that of its pack, then that of the index.
const inSyncs = 1

// runMore lets the program run on so many threads more than it has cores. One that waits in the system keeps its turn until it is taken away, and
// with few cores that costs work and time for every sync. What the operator has set stays.
func runMore() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + inSyncs)
	}
}

func openCollector(ctx context.Context, o serveOptions, log *slog.Logger) (*collector, error) {
	h, err := openHome(o.dir)
	if err != nil {
		return nil, err
	}
	authority, err := ca.Load(string(h), time.Now)
	if err != nil {
		return nil, err
	}
	pub, err := h.policyPublic()
	if err != nil {
		return nil, err
	}
	limits, err := h.limits()
	if err != nil {
		return nil, err
	}
	tls, err := authority.ServerTLS(o.hosts)
	if err != nil {
		return nil, err
	}
	st, err := h.openStore(ctx, log)
	if err != nil {
		return nil, err
	}
	v, err := vault.Load(string(h), st)
	if err == nil {
		err = st.fits(ctx, v)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	c := &collector{home: h, authority: authority, store: st, log: log, audit: ingest.NewAudit(log),
		policy: ingest.OpenPolicy(h.path(policyName), pub, log, time.Now)}
	key, err := ledger.LoadKey(string(h))
	if err == nil {
		// A ledger's leaf never delays an erasure: what was destroyed before the end came gets its record now.
		c.sign = ingest.SignErasure(key)
		_, err = st.FinishErasures(ctx, c.sign)
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	c.ingest = ingest.New(st, ingest.Keys{Ledger: key, Authority: authority}, c.policy, c.audit, log, time.Now)
	c.ingest.SetLimits(limits)
	c.ledger = ledger.New(string(h), key, st, log, time.Now)
	st.share(c.ledger, c.ingest)
	c.ledger.SetEvery(time.Duration(limits.LotSeconds) * time.Second)
	if err := c.ledger.Settle(ctx); err != nil { // boxes and erasures do not need it
		log.Error("the ledger cannot be written: nothing is released until this is mended", "error", err)
	}
	c.server = ingest.NewServer(tls, ingest.Services{
		Device: c.ingest, Custodian: c.custodian(v), Ledger: ledger.NewService(c.ledger),
		Enrolment: &ingest.Enrolment{Enroller: &ca.Enroller{Authority: authority, Store: st, NewKey: v.NewKey, Now: time.Now},
			Policy: c.policy, Audit: c.audit, Log: log},
	}, st, c.audit, log, time.Now)
	return c, nil
}

func (c *collector) custodian(v *vault.Vault) pb.CustodianServer {
	return &operator.Custodian{
		Store: c.store, Vault: v, Ledger: c.ledger, Log: c.log, Now: time.Now,
		Who: func(ctx context.Context) (store.ID, bool) {
			who, ok := ingest.Who(ctx)
			return who.ID, ok && who.Role == store.CustodianRole
		},
		Purpose: func(id string) string {
			if p := c.policy.Policy(); p.PurposeID() == id {
				return p.Message().GetPurpose().GetText()
			}
			return ""
		},
	}
}

// checkHosts refuses what no device could dial, and what would stand in every invitation.
func checkHosts(hosts []string) error {
	for _, h := range hosts {
		if net.ParseIP(h) == nil && (h == "" || strings.ContainsAny(h, ":/[]") || len(h) > 253 || strings.IndexFunc(h, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0) {
			return misuse{fmt.Errorf("--host %q: give a name or an address alone, in ASCII, without scheme and port; the port is that of --listen", h)}
		}
	}
	return nil
}

// publicAddress is what devices dial.
func publicAddress(l net.Addr, hosts []string) (string, error) {
	host, port, err := net.SplitHostPort(l.String())
	if err != nil {
		return "", fmt.Errorf("read the own address: %w", err)
	}
	if len(hosts) > 0 {
		return net.JoinHostPort(hosts[0], port), nil
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return "", misuse{errors.New("the collector listens on every address: say with --host by which name devices reach it")}
	}
	return net.JoinHostPort(host, port), nil
}

func (c *collector) announce(addr, file string) error {
	if err := writeFile(c.home.path(addressName), []byte(addr+"\n")); err != nil {
		return err
	}
	if file == "" {
		return nil
	}
	return writeFile(file, []byte(addr+"\n"))
}

// run serves both doors until ctx ends or one of them breaks.
func (c *collector) run(ctx context.Context, l net.Listener, hup <-chan os.Signal, ready func()) error {
	g, ctx := errgroup.WithContext(ctx)
	drained := make(chan struct{})
	healthy := c.listenHealth()
	reads := c.store.reads()
	switch err := confine(string(c.home), reads); {
	case err != nil:
		c.log.Warn("not confined", "why", err)
	case reads != nil:
		c.confined = true
		c.log.Info("confined to its folder, and to TCP and the files with which it reaches its store")
	default:
		c.confined = true
		c.log.Info("confined to its folder")
	}
	g.Go(func() error { return c.server.Serve(l) })
	g.Go(func() error {
		<-ctx.Done()
		defer close(drained)
		ingest.Stop(c.server, c.ingest)
		c.ingest.Close()
		return nil
	})
	g.Go(func() error { c.audit.Run(ctx, time.Minute); return nil })
	g.Go(func() error { c.reloads(ctx, hup); return nil })
	g.Go(func() error { c.ledger.Run(ctx); return nil })
	g.Go(func() error { keepCompact(ctx, c.store); return nil })
	g.Go(func() error {
		(&retention{home: c.home, terms: c.policy.Terms, expire: c.store.Expire, began: time.Now(), log: c.log}).run(ctx)
		return nil
	})
	g.Go(func() error { c.ingest.Quiet(ctx); return nil })
	g.Go(func() error { c.store.jobs(ctx, c.sign); return nil })
	g.Go(func() error { c.store.hear(ctx, c.ingest, c.policy); return nil })
	g.Go(func() error { return c.serveOperator(ctx) })
	g.Go(func() error { return c.serveHealth(healthy, drained) })
	c.log.Info("ready")
	ready()
	return g.Wait()
}

// reloads reads everything anew that may change on each SIGHUP, until ctx ends. Every request for the policy looks for a newer one, too.
func (c *collector) reloads(ctx context.Context, hup <-chan os.Signal) {
	for {
		select {
		case <-hup:
			c.reload()
		case <-ctx.Done():
			return
		}
	}
}

// reload takes over policy and limits as they lie in the folder, and makes a new server certificate. What is wrong changes nothing, and is named.
func (c *collector) reload() {
	c.authority.Renew()
	taken, refused := []string{"certificate"}, []string(nil)
	switch err := c.policy.Refused(); {
	case errors.Is(err, ingest.ErrPolicyGone):
		c.log.Error(err.Error() + "; put it back with `byleave-collector policy set`")
		refused = append(refused, "policy")
	case err != nil: // it has logged why
		refused = append(refused, "policy")
	case c.policy.Bytes() != nil:
		taken = append(taken, "policy")
	}
	if l, err := c.home.limits(); err != nil {
		c.log.Error("the limits are refused; the last ones stay", "error", err)
		refused = append(refused, "limits")
	} else {
		c.ingest.SetLimits(l)
		c.ledger.SetEvery(time.Duration(l.LotSeconds) * time.Second)
		taken = append(taken, "limits")
	}
	if refused != nil {
		c.log.Warn("reloaded in part: what is refused stays as it was", "taken", taken, "refused", refused)
		return
	}
	c.log.Info("reloaded", "taken", taken)
}

// serveOperator serves tail and stats on the folder's socket. Where that cannot be, the collector goes on without them.
func (c *collector) serveOperator(ctx context.Context) error {
	l, err := operator.Listen(c.home.path(socketName))
	if err != nil {
		c.log.Warn("tail and stats are not served", "error", err)
		<-ctx.Done()
		return nil
	}
	srv := grpc.NewServer(grpc.MaxRecvMsgSize(4<<10), grpc.MaxConcurrentStreams(16))
	pb.RegisterOperatorServer(srv, operator.New(c.store, c.log, time.Now, ctx.Done()))
	stop := context.AfterFunc(ctx, srv.GracefulStop)
	defer stop()
	if err := srv.Serve(l); err != nil {
		return fmt.Errorf("serve the operator's socket: %w", err)
	}
	return nil
}
