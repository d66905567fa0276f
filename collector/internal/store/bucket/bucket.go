package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// What a caller decides upon. Every other error is trouble of the object store.
var (
	ErrExists  = errors.New("bucket: the object exists already")
	ErrMissing = errors.New("bucket: there is no such object")
)

// MaxObject bounds what Get reads.
const MaxObject = 64 << 20

// Options says which bucket, and with whose key.
type Options struct {
	Endpoint string // a URL; http only on this machine
	Region   string
	Name     string
	KeyFile  string // an AWS shared credentials file; empty: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment
}

// Bucket is one bucket. Its methods may be called at once from many goroutines.
type Bucket struct {
	client *minio.Client
	name   string
}

// Object is what List tells of one.
type Object struct {
	Key  string
	Size int64
	Made time.Time
}

// Check refuses options that cannot be right, naming the field. It reads no file and asks nobody.
func (o Options) Check() error {
	u, err := url.Parse(o.Endpoint)
	switch {
	case err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "":
		return errors.New(`"s3_endpoint" must be a URL without path or key, like https://s3.example.org`)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return errors.New(`"s3_endpoint": http sends what is stored in the clear: use https`)
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New(`"s3_endpoint" must begin with https://`)
	case o.Name == "":
		return errors.New(`"s3_bucket" is missing`)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Open finds the bucket. It makes none.
func Open(ctx context.Context, o Options) (*Bucket, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("bucket: %w", err)
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, errors.New("bucket: the endpoint is no URL")
	}
	keys := credentials.NewEnvAWS()
	if o.KeyFile != "" {
		keys = credentials.NewFileAWSCredentials(o.KeyFile, "")
	}
	if v, err := keys.GetWithContext(nil); err != nil || v.AccessKeyID == "" {
		return nil, errors.New("bucket: no key for the object store: \"s3_key_file\" must name a file with aws_access_key_id and aws_secret_access_key, or the environment must have them")
	}
	transport, err := minio.DefaultTransport(u.Scheme == "https")
	if err != nil {
		return nil, fmt.Errorf("bucket: %w", err)
	}
	transport.MaxIdleConnsPerHost = 64
	c, err := minio.New(u.Host, &minio.Options{Creds: keys, Secure: u.Scheme == "https", Region: o.Region, Transport: transport, MaxRetries: tries})
	if err != nil {
		return nil, fmt.Errorf("bucket: %w", say(err))
	}
	b := &Bucket{c, o.Name}
	there, err := c.BucketExists(ctx, o.Name)
	if err != nil {
		return nil, fmt.Errorf("bucket: look for the bucket: %w", say(err))
	}
	if !there {
		return nil, errors.New("bucket: the object store has no bucket of this name: make it, without versioning")
	}
	return b, nil
}

// tries is how often a call that failed on the way is made; whoever called tries again later.
const tries = 3

// Close ends connections that wait.
func (b *Bucket) Close() { b.client.CredContext().Client.CloseIdleConnections() }

// How long Put waits, doubling, for what is said to exist and is not there.
const (
	firstWait = 10 * time.Millisecond
	lastWait  = 640 * time.Millisecond
)

// Put writes an object that must not exist yet; it is durable when Put returns nil. ErrExists if one of this name is there, which may be
// this very call's: an answer that was lost on the way is asked for again.
func (b *Bucket) Put(ctx context.Context, key string, body []byte) error {
	for wait := firstWait; ; wait *= 2 {
		err := b.put(ctx, key, body)
		if !errors.Is(err, ErrExists) {
			return err
		}
		// A server refuses, too, while another's write is under way, which nobody can read yet and which may fail.
		switch _, missed := b.client.StatObject(ctx, b.name, key, minio.StatObjectOptions{}); {
		case missed == nil:
			return err
		case minio.ToErrorResponse(missed).StatusCode != http.StatusNotFound:
			return fmt.Errorf("bucket: write: %w", say(missed))
		case wait > lastWait:
			return errors.New("bucket: write: the object store says that an object exists, and does not have it")
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return fmt.Errorf("bucket: write: %w", ctx.Err())
		}
	}
}

// put is one try of Put.
func (b *Bucket) put(ctx context.Context, key string, body []byte) error {
	opts := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true, SendContentMd5: true}
	opts.SetMatchETagExcept("*")
	_, err := b.client.PutObject(ctx, b.name, key, bytes.NewReader(body), int64(len(body)), opts)
	if err == nil {
		return nil
	}
	if code := minio.ToErrorResponse(err).StatusCode; code == http.StatusPreconditionFailed || code == http.StatusConflict {
		return ErrExists
	}
	return fmt.Errorf("bucket: write: %w", say(err))
}

// Get reads a whole object.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	return b.read(ctx, key, minio.GetObjectOptions{}, MaxObject)
}

// Range reads n bytes of an object from a place on. It is an error if there are fewer.
func (b *Bucket) Range(ctx context.Context, key string, at, n int64) ([]byte, error) {
	var opts minio.GetObjectOptions
	if err := opts.SetRange(at, at+n-1); err != nil {
		return nil, fmt.Errorf("bucket: read: %w", err)
	}
	body, err := b.read(ctx, key, opts, n)
	if err == nil && int64(len(body)) != n {
		return nil, fmt.Errorf("bucket: read: %w", io.ErrUnexpectedEOF)
	}
	return body, err
}

func (b *Bucket) read(ctx context.Context, key string, opts minio.GetObjectOptions, most int64) ([]byte, error) {
	core := minio.Core{Client: b.client}
	body, _, _, err := core.GetObject(ctx, b.name, key, opts)
	if err != nil {
		if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
			return nil, missing(err)
		}
		return nil, fmt.Errorf("bucket: read: %w", say(err))
	}
	defer body.Close()
	out, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return nil, fmt.Errorf("bucket: read: %w", say(err))
	}
	if int64(len(out)) > most {
		return nil, errors.New("bucket: read: the object is longer than any that is written here")
	}
	return out, nil
}

// missing tells an object that is not there from a bucket that is not there.
func missing(err error) error {
	if code := minio.ToErrorResponse(err).Code; code == minio.NoSuchBucket {
		return fmt.Errorf("bucket: read: %w", say(err))
	}
	return ErrMissing
}

// Delete deletes an object. One that is not there is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	err := b.client.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{})
	if err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchKey {
		return fmt.Errorf("bucket: delete: %w", say(err))
	}
	return nil
}

// List yields the objects whose name begins with prefix and comes after another one, in the order of their bytes.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		for o := range b.client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: prefix, StartAfter: after, Recursive: true}) {
			if o.Err != nil {
				yield(Object{}, fmt.Errorf("bucket: list: %w", say(o.Err)))
				return
			}
			if !yield(Object{o.Key, o.Size, o.LastModified}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Object{}, fmt.Errorf("bucket: list: %w", err))
		}
	}
}

// Forgets returns nil if what is deleted here is gone, and else says what keeps it: versions, or a lock.
func (b *Bucket) Forgets(ctx context.Context) error {
	if err := b.unversioned(ctx); err != nil {
		return err
	}
	lock, _, _, _, err := b.client.GetObjectLockConfig(ctx, b.name)
	if err == nil && lock == "Enabled" {
		return errors.New("the bucket has an object lock, so that nothing can be erased: use one without")
	}
	if err != nil && !unknown(err) {
		return fmt.Errorf("bucket: ask for an object lock: %w", say(err))
	}
	return nil
}

func (b *Bucket) unversioned(ctx context.Context) error {
	v, err := b.client.GetBucketVersioning(ctx, b.name)
	if err != nil && !unknown(err) {
		return fmt.Errorf("bucket: ask for versioning: %w", say(err))
	}
	if err == nil && v.Enabled() {
		return errors.New("the bucket keeps versions, so that what people erase stays: switch versioning off and remove old versions")
	}
	if err == nil && v.Suspended() { // versions from before may lie there
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		for o := range b.client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
			if o.Err != nil {
				return fmt.Errorf("bucket: list versions: %w", say(o.Err))
			}
			if o.IsDeleteMarker || !o.IsLatest {
				return errors.New("the bucket holds old versions or delete markers: remove all of them")
			}
		}
	}
	return nil
}

// unknown tells whether the object store has no such setting, or none for this bucket.
func unknown(err error) bool {
	r := minio.ToErrorResponse(err)
	return r.StatusCode == http.StatusNotFound || r.StatusCode == http.StatusNotImplemented || r.Code == "NotImplemented" || r.Code == "MethodNotAllowed"
}

// say is an error without what it was about: names of objects hold ids of people.
func say(err error) error {
	var on *url.Error
	if errors.As(err, &on) {
		return on.Err
	}
	if r := minio.ToErrorResponse(err); r.Code != "" && r.StatusCode != 0 {
		return fmt.Errorf("the object store answers %d %s", r.StatusCode, r.Code)
	}
	return err
}
