package spool

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// link is the newest box of a device: the next one follows it.
type link struct {
	device   envelope.ID
	sequence uint64
	digest   [32]byte
}

// chainMark is the content of the file chain. It is written after every durable box, so it is at most one box behind.
type chainMark struct {
	link
	cut time.Time // when, rounded down to the minute
}

func (c chainMark) encode() []byte {
	return sum(fmt.Sprintf("byleave chain 1\ndevice %x\nsequence %d\ndigest %x\ncut %d\n", c.device, c.sequence, c.digest, coarse(c.cut)))
}

// decodeChain reads what encode wrote and nothing else.
func decodeChain(b []byte) (chainMark, bool) {
	var device, digest []byte
	var c chainMark
	var cut int64
	_, err := fmt.Sscanf(string(b), "byleave chain 1\ndevice %x\nsequence %d\ndigest %x\ncut %d\n", &device, &c.sequence, &digest, &cut)
	if err != nil || len(device) != len(c.device) || len(digest) != len(c.digest) || c.sequence > envelope.MaxSequence {
		return chainMark{}, false
	}
	copy(c.device[:], device)
	copy(c.digest[:], digest)
	c.cut = time.Unix(cut, 0)
	return c, string(c.encode()) == string(b)
}

// encodeSession is the content of the file session: since when something could be lost, rounded down to the minute.
func encodeSession(since time.Time) []byte {
	return sum(fmt.Sprintf("byleave session 1\nsince %d\n", coarse(since)))
}

func decodeSession(b []byte) (time.Time, bool) {
	var since int64
	if _, err := fmt.Sscanf(string(b), "byleave session 1\nsince %d\n", &since); err != nil {
		return time.Time{}, false
	}
	t := time.Unix(since, 0)
	return t, string(encodeSession(t)) == string(b)
}

// sum appends a checksum, so that a torn or damaged mark is known as one.
func sum(text string) []byte {
	digest := sha256.Sum256([]byte(text))
	return []byte(text + "sum " + hex.EncodeToString(digest[:]) + "\n")
}

// coarse is t in Unix seconds, rounded down to the minute: the files tell no more about when somebody worked.
func coarse(t time.Time) int64 { return t.Truncate(time.Minute).Unix() }
