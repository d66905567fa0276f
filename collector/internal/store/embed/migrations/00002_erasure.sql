-- +goose Up
-- The number of each person's epoch key. The key itself lies in keys/, outside the database and its backups. Open wraps the
-- capsules that stand here without a shred key.
CREATE TABLE epochs (
  subject BLOB PRIMARY KEY,
  epoch   INTEGER NOT NULL
) STRICT;
CREATE INDEX batches_subject ON batches (subject);
CREATE INDEX export_batches_number ON export_batches (number);

-- Boxes that a person took back, so that none comes in again.
CREATE TABLE erased (
  subject BLOB NOT NULL,
  batch   BLOB NOT NULL,
  PRIMARY KEY (subject, batch)
) STRICT, WITHOUT ROWID;

-- replaced is 0 until the key outside the database was destroyed, record is empty until it was signed.
CREATE TABLE erasures (
  id        BLOB PRIMARY KEY,
  subject   BLOB NOT NULL,
  whole     INTEGER NOT NULL,
  digest    BLOB NOT NULL,
  boxes     INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  released  INTEGER NOT NULL,
  asked     INTEGER NOT NULL,
  destroyed INTEGER NOT NULL,
  replaced  INTEGER NOT NULL DEFAULT 0,
  record    BLOB
) STRICT;

CREATE TABLE erasure_codes (
  subject BLOB PRIMARY KEY,
  code    BLOB NOT NULL UNIQUE
) STRICT;

-- Parts of packs whose boxes were erased and whose bytes are still to be blanked.
CREATE TABLE scrub (
  pack INTEGER NOT NULL,
  at   INTEGER NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (pack, at)
) STRICT, WITHOUT ROWID;

-- Where a pack ends whose last boxes were erased.
CREATE TABLE pack_ends (
  pack   INTEGER PRIMARY KEY,
  end_at INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP INDEX batches_subject; DROP INDEX export_batches_number; DROP TABLE epochs; DROP TABLE erased; DROP TABLE erasures; DROP TABLE erasure_codes; DROP TABLE scrub;
DROP TABLE pack_ends;
