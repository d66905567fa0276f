package spool

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"

	"github.com/byleave/byleave/proto/envelope"
)

// The suffixes of a box's file; see doc.go.
const (
	heldSuffix = ".box"
	sentSuffix = ".sent"
	nextSuffix = ".next"
	goneSuffix = ".gone"
)

// The other names in the folder.
const (
	chainName      = "chain"
	sessionName    = "session"
	droppedName    = "dropped"
	quarantineName = "quarantine"
)

// boxName is the part of a box's file name before the suffix: sequence and batch id, nothing from outside.
func boxName(sequence uint64, batch envelope.ID) string {
	return fmt.Sprintf("%016x-%x", sequence, batch)
}

var (
	boxPattern  = regexp.MustCompile(`^([0-9a-f]{16})-([0-9a-f]{32})(\.box|\.sent)$`)
	spanPattern = regexp.MustCompile(`^[0-9a-f]{16}-[0-9a-f]{32}\.span$`)
	swapPattern = regexp.MustCompile(`^[0-9a-f]{16}-[0-9a-f]{32}(\.next|\.gone)$`)
	tempPattern = regexp.MustCompile(`^([0-9a-f]{16}-[0-9a-f]{32}|chain|session|dropped)-[0-9]+\.tmp$`)
)

// parseName reads a box's file name; ok is false for every other name.
func parseName(name string) (sequence uint64, batch envelope.ID, suffix string, ok bool) {
	m := boxPattern.FindStringSubmatch(name)
	if m == nil {
		return 0, envelope.ID{}, "", false
	}
	sequence, err := strconv.ParseUint(m[1], 16, 64)
	if err != nil || sequence == 0 || sequence > envelope.MaxSequence {
		return 0, envelope.ID{}, "", false
	}
	if _, err := hex.Decode(batch[:], []byte(m[2])); err != nil {
		return 0, envelope.ID{}, "", false
	}
	return sequence, batch, m[3], true
}
