-- +goose Up
-- Whose a waiting leaf is: people are counted, and the row is gone once the leaf stands in the ledger.
ALTER TABLE outbox ADD COLUMN subject BLOB;
ALTER TABLE erasures ADD COLUMN salt BLOB;

-- Where leaves stand in the ledger. Nothing here says whose they are.
CREATE TABLE leaves (
  place    INTEGER PRIMARY KEY,
  body     BLOB NOT NULL,
  readable INTEGER NOT NULL
) STRICT;
CREATE INDEX leaves_body ON leaves (body);
CREATE INDEX leaves_readable ON leaves (place) WHERE readable;

-- How long the ledger was when it was last noted.
CREATE TABLE ledger (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  size INTEGER NOT NULL
) STRICT;

-- Days that have ended, as operators saw them first: later erasures change nothing here.
CREATE TABLE days (
  day      INTEGER PRIMARY KEY,
  subjects INTEGER NOT NULL,
  boxes    INTEGER NOT NULL,
  bytes    INTEGER NOT NULL
) STRICT;

-- What a device left for another one of the same person.
CREATE TABLE joins (
  token   BLOB PRIMARY KEY,
  subject BLOB NOT NULL UNIQUE,
  sealed  BLOB NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_subject ON devices (subject);

-- +goose Down
DROP INDEX devices_subject; DROP TABLE joins; DROP TABLE days; DROP TABLE ledger; DROP TABLE leaves;
ALTER TABLE erasures DROP COLUMN salt; ALTER TABLE outbox DROP COLUMN subject;
