package cloud

import (
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// FuzzRecord: whatever the bucket and the index say, a record is the one that was written or none.
func FuzzRecord(f *testing.F) {
	r := storetest.Fill(store.Record{Batch: store.ID{1}}, 50)
	body, places := encodePack([]*store.Record{&r}, [][]byte{[]byte("sealed")})
	f.Add(body[places[0].at:], places[0].at, places[0].head, places[0].payload, places[0].sealed)
	f.Add([]byte{}, int64(16), int64(-1), int64(1<<62), int64(0))
	f.Fuzz(func(t *testing.T, raw []byte, at, head, payload, sealed int64) {
		h, p, c, err := decodeRecord(raw, r.Batch, place{at, head, payload, sealed})
		if err == nil && (int64(len(h)) != head || int64(len(p)) != payload || int64(len(c)) != sealed) {
			t.Fatal("a record of another size")
		}
	})
}

// FuzzParseConfig: no text is a configuration that sends a password, or sends in the clear.
func FuzzParseConfig(f *testing.F) {
	for _, text := range []string{
		`{"postgres": "postgres://byleave@db.example.org/byleave?sslmode=verify-full", "s3_endpoint": "https://s3.example.org", "s3_bucket": "byleave"}`,
		`{"postgres": "host=/run/postgresql dbname=byleave", "s3_endpoint": "http://[::1]:9000", "s3_bucket": "byleave"}`,
		`{"postgres": "host=db.example.org password = x"}`, `{`, `{"postgres": 1}`, `{"else": ""}`, `null`, `{}{}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig(text)
		if err != nil {
			return
		}
		if p, err := c.pool(); err != nil || p.ConnConfig.TLSConfig == nil && !local(p.ConnConfig.Host) {
			t.Fatal("a configuration that was taken is not to be used")
		}
	})
}
