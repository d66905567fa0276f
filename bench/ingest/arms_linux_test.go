package ingest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/collector"
	"github.com/byleave/byleave/bench/report"
	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite"
)

// other is what a queue of another maker reaches, in the process that asks it, without network, TLS or signatures.
type other struct {
	MBs   float64 `json:"mb_s"`
	CPUGB float64 `json:"cpu_s_gb"`
	Small float64 `json:"small_s"`
}

// others runs the queues of bench/peers/queues on the same disk, if BYLEAVE_QUEUES names their program, and puts them beside ours.
func others(t *testing.T, dir string, large, small int, ours []report.Figure) {
	t.Helper()
	program := os.Getenv("BYLEAVE_QUEUES")
	if program == "" {
		return
	}
	cmd := exec.CommandContext(t.Context(), program, "--dir", dir, "--large", strconv.Itoa(large), "--small", strconv.Itoa(small))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	must(t, err)
	var all map[string]other
	must(t, json.Unmarshal(out, &all))
	for name, o := range all {
		for _, f := range ours {
			switch f.What {
			case whatLarge:
				f.Peers[name] = o.MBs
			case whatCost:
				f.Peers[name+", no network"] = o.CPUGB
			case whatSmall:
				f.Peers[name] = o.Small
			}
		}
	}
}

// arm is what the plain thing does and costs, client and server together.
type arm struct{ rate, perGB float64 } // MB/s, CPU seconds

// stopwatch starts one that makes an arm of how long so many bytes took.
func stopwatch(bytes int64) func() arm {
	began, own := time.Now(), collector.Own()
	return func() arm {
		gb := float64(bytes) / 1e9
		return arm{gb * 1000 / time.Since(began).Seconds(), (collector.Own() - own).Seconds() / gb}
	}
}

// rawNet copies bytes over loopback, through TLS 1.3 if conf is given. It is what no server can beat.
func rawNet(t *testing.T, conf *tls.Config, bytes int64) arm {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	if conf != nil {
		l = tls.NewListener(l, conf)
	}
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, err = io.Copy(io.Discard, conn)
			err = errors.Join(err, conn.Close())
		}
		done <- err
	}()
	var conn net.Conn
	if conf != nil {
		// What is measured is TLS itself. The peer is this test, with a certificate that nobody signed; what is sent is noise.
		conn, err = tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
	} else {
		conn, err = net.Dial("tcp", l.Addr().String())
	}
	must(t, err)
	took, buf := stopwatch(bytes), make([]byte, 256<<10)
	for left := bytes; left > 0; left -= int64(len(buf)) {
		_, err := conn.Write(buf)
		must(t, err)
	}
	must(t, conn.Close())
	must(t, <-done)
	a := took()
	must(t, l.Close())
	return a
}

func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	must(t, err)
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// rawDisk appends chunks to a file, each synced, through the page cache or, with unix.O_DIRECT, past it in pieces of at most a MiB.
func rawDisk(t *testing.T, dir string, chunk int, bytes int64, flags int) arm {
	t.Helper()
	buf := make([]byte, chunk)
	rand.Read(buf)
	f, err := os.OpenFile(filepath.Join(dir, "disk"), os.O_CREATE|os.O_WRONLY|flags, 0o600)
	must(t, err)
	piece := chunk
	if flags&unix.O_DIRECT != 0 {
		piece = min(piece, 1<<20)
	}
	took := stopwatch(bytes)
	for done := int64(0); done < bytes; done += int64(chunk) {
		for part := range slices.Chunk(buf, piece) {
			_, err := f.Write(part)
			must(t, err)
		}
		must(t, unix.Fdatasync(int(f.Fd())))
	}
	a := took()
	must(t, f.Close())
	must(t, os.Remove(f.Name()))
	return a
}

// least is the shortest way to a durable box: bytes appended and synced, then a row and its capsules committed and synced. It returns
// how long each of n took.
func least(t *testing.T, dir string, size, n int) []time.Duration {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "least.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	must(t, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE IF NOT EXISTS b (number INTEGER PRIMARY KEY, batch BLOB UNIQUE, facts BLOB, capsules BLOB)")
	must(t, err)
	f, err := os.Create(filepath.Join(dir, "least"))
	must(t, err)
	buf, facts, capsules, batch := make([]byte, size), make([]byte, 300), make([]byte, 4<<10), make([]byte, 16)
	rand.Read(buf)
	var out []time.Duration
	for range n {
		rand.Read(batch)
		began := time.Now()
		_, err := f.Write(buf)
		must(t, err)
		must(t, unix.Fdatasync(int(f.Fd())))
		_, err = db.Exec("INSERT INTO b (batch, facts, capsules) VALUES (?, ?, ?)", batch, facts, capsules)
		must(t, err)
		out = append(out, time.Since(began))
	}
	must(t, errors.Join(f.Close(), os.Remove(f.Name()), db.Close()))
	return out
}
