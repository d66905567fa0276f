-- +goose Up
CREATE TABLE batches (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  batch      BLOB NOT NULL UNIQUE,
  subject    BLOB NOT NULL,
  device     BLOB NOT NULL,
  consent    BLOB NOT NULL,
  policy     BLOB NOT NULL,
  purpose    TEXT NOT NULL,
  sequence   INTEGER NOT NULL,
  digest     BLOB NOT NULL,
  bucket     INTEGER NOT NULL,
  size       INTEGER NOT NULL,
  hour       INTEGER NOT NULL,
  recipients BLOB NOT NULL,
  pack       INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  head       INTEGER NOT NULL,
  payload    INTEGER NOT NULL
) STRICT;
CREATE INDEX batches_consent ON batches (consent);
CREATE INDEX batches_hour ON batches (hour);

-- Apart from the payloads, so that they can be destroyed without touching a pack. shred_key and epoch stay empty until boxes
-- are stored under a shred key of their own, wrapped by the person's epoch key.
CREATE TABLE capsules (
  batch     BLOB PRIMARY KEY,
  sealed    BLOB NOT NULL,
  shred_key BLOB,
  epoch     INTEGER
) STRICT;

-- epoch says under which key outside the database the pair is wrapped; 0 is the key file as init made it.
CREATE TABLE vault_keys (
  subject BLOB PRIMARY KEY,
  public  BLOB NOT NULL,
  wrapped BLOB NOT NULL,
  epoch   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE devices (
  id          BLOB PRIMARY KEY,
  subject     BLOB NOT NULL,
  signing_key BLOB NOT NULL,
  revoked     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE custodians (
  id        BLOB PRIMARY KEY,
  name      TEXT NOT NULL,
  recipient BLOB NOT NULL,
  revoked   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A used invitation is deleted: used, expired and never given look the same.
CREATE TABLE invitations (
  token   BLOB PRIMARY KEY,
  role    TEXT NOT NULL,
  expires INTEGER NOT NULL
) STRICT;

CREATE TABLE consents (
  id         BLOB PRIMARY KEY,
  device     BLOB NOT NULL,
  policy     BLOB NOT NULL,
  purpose    TEXT NOT NULL,
  expires    INTEGER NOT NULL,
  commitment BLOB NOT NULL,
  withdrawn  INTEGER NOT NULL,
  signed     BLOB NOT NULL
) STRICT;
CREATE INDEX consents_device ON consents (device);

CREATE TABLE exports (
  id        BLOB PRIMARY KEY,
  custodian BLOB NOT NULL,
  purpose   TEXT NOT NULL,
  since     INTEGER NOT NULL,
  until     INTEGER NOT NULL,
  at        INTEGER NOT NULL
) STRICT;

CREATE TABLE export_batches (
  export BLOB NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (export, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE export_people (
  export    BLOB NOT NULL,
  subject   BLOB NOT NULL,
  pseudonym BLOB NOT NULL,
  PRIMARY KEY (export, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  kind   INTEGER NOT NULL,
  body   BLOB NOT NULL,
  salt   BLOB
) STRICT;

-- Rows whose bytes were found missing; the device may send such a box again.
CREATE TABLE damaged (
  batch BLOB PRIMARY KEY,
  found INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE batches; DROP TABLE capsules; DROP TABLE vault_keys; DROP TABLE devices; DROP TABLE custodians;
DROP TABLE invitations; DROP TABLE consents; DROP TABLE exports; DROP TABLE export_batches; DROP TABLE export_people;
DROP TABLE outbox; DROP TABLE damaged;
