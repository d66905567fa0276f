-- +goose Up
-- The boxes of a pack, in the order in which they lie there.
CREATE INDEX batches_pack ON batches (pack, at);

-- How many bytes of a pack belong to boxes that were erased, or moved to another pack.
ALTER TABLE pack_ends ADD COLUMN dead INTEGER NOT NULL DEFAULT 0;

-- Shred keys apart from what they open, a person's together: an erasure moves the person's other keys and must not touch the capsules, which
-- are thirty times as long. plain is set where an older collector left capsules as they came; Open wraps them.
CREATE TABLE sealed (
  number   INTEGER PRIMARY KEY,
  capsules BLOB NOT NULL,
  plain    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sealed_plain ON sealed (number) WHERE plain;
CREATE TABLE shreds (
  subject   BLOB NOT NULL,
  number    INTEGER NOT NULL,
  shred_key BLOB NOT NULL,
  epoch     INTEGER NOT NULL,
  PRIMARY KEY (subject, number)
) STRICT, WITHOUT ROWID;
INSERT INTO sealed (number, capsules, plain) SELECT b.number, c.sealed, c.shred_key IS NULL FROM batches b JOIN capsules c USING (batch) ORDER BY b.number;
INSERT INTO shreds (subject, number, shred_key, epoch) SELECT b.subject, b.number, c.shred_key, c.epoch FROM batches b JOIN capsules c USING (batch)
  WHERE c.shred_key IS NOT NULL AND c.epoch IS NOT NULL ORDER BY b.subject, b.number;
DROP TABLE capsules;

-- Capsules of erased boxes, by the first and last of their numbers, that are still to be overwritten. No key opens them.
CREATE TABLE husks (
  first INTEGER PRIMARY KEY,
  last  INTEGER NOT NULL
) STRICT;

-- What operators were shown box by box, and up to which box: later erasures change nothing here. It names nobody, and goes after five weeks.
CREATE TABLE shown (
  place   INTEGER PRIMARY KEY AUTOINCREMENT,
  batch   BLOB NOT NULL,
  bucket  INTEGER NOT NULL,
  hour    INTEGER NOT NULL,
  purpose TEXT NOT NULL
) STRICT;
CREATE INDEX shown_hour ON shown (hour);
CREATE TABLE shown_until (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE shown_until; DROP TABLE shown;
CREATE TABLE capsules (
  batch     BLOB PRIMARY KEY,
  sealed    BLOB NOT NULL,
  shred_key BLOB,
  epoch     INTEGER
) STRICT;
INSERT INTO capsules (batch, sealed, shred_key, epoch) SELECT b.batch, s.capsules, k.shred_key, k.epoch FROM batches b JOIN sealed s USING (number)
  LEFT JOIN shreds k ON k.subject = b.subject AND k.number = b.number;
DROP TABLE husks; DROP TABLE shreds; DROP TABLE sealed; ALTER TABLE pack_ends DROP COLUMN dead; DROP INDEX batches_pack;
