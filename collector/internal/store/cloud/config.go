package cloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says where the collectors of one store keep what they keep.
type Config struct {
	Postgres string // a connection string without a password
	Bucket   bucket.Options
}

// configJSON is a Config on disk.
type configJSON struct {
	Postgres string `json:"postgres"`
	Endpoint string `json:"s3_endpoint"`
	Region   string `json:"s3_region"`
	Bucket   string `json:"s3_bucket"`
	KeyFile  string `json:"s3_key_file"`
}

// ParseConfig reads a Config as JSON. An unknown field, a value of the wrong kind, a password in the text or a connection that others can
// read is an error that names line or field, and never what stands there.
func ParseConfig(text []byte) (Config, error) {
	var in configJSON
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return Config{}, fmt.Errorf("line %d: %s", lineOf(text, err, dec), sayJSON(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("line %d: something follows the closing brace", 1+bytes.Count(text[:dec.InputOffset()], []byte("\n")))
	}
	c := Config{Postgres: in.Postgres, Bucket: bucket.Options{Endpoint: in.Endpoint, Region: in.Region, Name: in.Bucket, KeyFile: in.KeyFile}}
	if err := c.Bucket.Check(); err != nil {
		return Config{}, err
	}
	_, err := c.pool()
	return c, err
}

func sayJSON(err error) string {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		return fmt.Sprintf("field %q must be a text", kind.Field)
	case errors.As(err, &syntax):
		return "this is no JSON: " + syntax.Error()
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return err.Error()
	}
	return "this is no whole JSON object"
}

func lineOf(text []byte, err error, dec *json.Decoder) int {
	at := dec.InputOffset()
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	if errors.As(err, &kind) {
		at = kind.Offset
	} else if errors.As(err, &syntax) {
		at = syntax.Offset
	} else if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		at = int64(bytes.Index(text, []byte(name)))
	}
	return 1 + bytes.Count(text[:min(max(at, 0), int64(len(text)))], []byte("\n"))
}

// pool is the configuration of the connections to the database.
func (c Config) pool() (*pgxpool.Config, error) {
	if c.Postgres == "" {
		return nil, errors.New(`"postgres" is missing`)
	}
	if hasPassword(c.Postgres) {
		return nil, errors.New(`"postgres" holds a password: put it into a file of mode 0600 in the form of .pgpass and name that with passfile=`)
	}
	p, err := pgxpool.ParseConfig(c.Postgres)
	if err != nil { // its text may quote what it cannot read
		return nil, errors.New(`"postgres" is no connection string, like postgres://byleave@db.example.org/byleave?sslmode=verify-full`)
	}
	hosts := []string{p.ConnConfig.Host}
	plain := p.ConnConfig.TLSConfig == nil
	for _, f := range p.ConnConfig.Fallbacks {
		hosts = append(hosts, f.Host)
		plain = plain || f.TLSConfig == nil
	}
	// sslmode=require encrypts and proves nothing: it counts as plain.
	if tls := p.ConnConfig.TLSConfig; tls != nil && tls.InsecureSkipVerify && tls.VerifyPeerCertificate == nil && tls.VerifyConnection == nil {
		plain = true
	}
	for _, h := range hosts {
		if plain && !local(h) {
			return nil, errors.New(`"postgres": the connection is not proven to reach the database: add sslmode=verify-full and, for an own authority, sslrootcert=`)
		}
	}
	// Whatever the database's own default: a row that is acknowledged is on its disk.
	p.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	p.ConnConfig.RuntimeParams["application_name"] = "byleave-collector"
	p.ConnConfig.RuntimeParams["default_transaction_isolation"] = "read committed"
	p.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = fmt.Sprint(idleMost.Milliseconds())
	p.ConnConfig.ConnectTimeout = connectMost
	p.ConnConfig.DialFunc = (&net.Dialer{KeepAliveConfig: silence}).DialContext
	return p, nil
}

// silence is how long the other end may be gone before a connection that waits ends. The kernel asks; the program sleeps.
var silence = net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}

func hasPassword(text string) bool {
	if !strings.HasPrefix(text, "postgres://") && !strings.HasPrefix(text, "postgresql://") {
		return strings.Contains(strings.ReplaceAll(text, " ", ""), "password=")
	}
	rest := text[strings.Index(text, "//")+2:]
	user, _, found := strings.Cut(rest, "@")
	return found && strings.Contains(user, ":") || strings.Contains(text, "password=")
}

// local tells whether a database's host is a socket or an address of this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}
