-- +goose Up
-- Which store this is; the bucket says the same, so that no index is ever used with a foreign bucket. boxes is the number of the box that
-- came last: whoever stores locks the row until the commit, so that numbers become visible in their order and without a gap. lot is the
-- last time of which one collector writes the lot of leaves for the ledger. Packs from before swept were compared with the rows.
CREATE TABLE store (
  one   boolean PRIMARY KEY DEFAULT true CHECK (one),
  id    bytea NOT NULL,
  boxes bigint NOT NULL DEFAULT 0,
  lot   bigint NOT NULL DEFAULT 0,
  swept bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

-- Every pack that has or had rows. One that is retired never gets a row again: its name stays until long after its object is gone.
CREATE TABLE packs (
  name    bytea PRIMARY KEY,
  size    bigint NOT NULL,
  retired bigint
);
CREATE INDEX packs_retired ON packs (retired) WHERE retired IS NOT NULL;

CREATE TABLE batches (
  number     bigint PRIMARY KEY,
  batch      bytea NOT NULL UNIQUE,
  subject    bytea NOT NULL,
  device     bytea NOT NULL,
  consent    bytea NOT NULL,
  policy     bytea NOT NULL,
  purpose    text NOT NULL,
  sequence   bigint NOT NULL,
  digest     bytea NOT NULL,
  bucket     smallint NOT NULL,
  size       bigint NOT NULL,
  hour       bigint NOT NULL,
  recipients bytea NOT NULL,
  pack       bytea NOT NULL,
  at         bigint NOT NULL,
  head       bigint NOT NULL,
  payload    bigint NOT NULL
);
CREATE INDEX batches_consent ON batches (consent);
CREATE INDEX batches_hour ON batches (hour);
CREATE INDEX batches_subject ON batches (subject, number);
CREATE INDEX batches_pack ON batches (pack);

-- Apart from the payloads, so that they can be destroyed without touching a pack. They are ciphertext, which compresses to nothing, and
-- lie in the row itself while they fit.
CREATE TABLE capsules (
  batch     bytea PRIMARY KEY,
  sealed    bytea NOT NULL,
  shred_key bytea NOT NULL,
  epoch     bigint NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE capsules ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- The number of each person's epoch key. The key itself is an object, outside the database and its backups.
CREATE TABLE epochs (
  subject bytea PRIMARY KEY,
  epoch   bigint NOT NULL
);

CREATE TABLE vault_keys (
  subject bytea PRIMARY KEY,
  public  bytea NOT NULL,
  wrapped bytea NOT NULL
);

CREATE TABLE devices (
  id          bytea PRIMARY KEY,
  subject     bytea NOT NULL,
  signing_key bytea NOT NULL,
  revoked     boolean NOT NULL DEFAULT false
);
CREATE INDEX devices_subject ON devices (subject);

CREATE TABLE custodians (
  id        bytea PRIMARY KEY,
  name      text NOT NULL,
  recipient bytea NOT NULL,
  revoked   boolean NOT NULL DEFAULT false
);

-- A used invitation is deleted: used, expired and never given look the same.
CREATE TABLE invitations (
  token   bytea PRIMARY KEY,
  role    text NOT NULL,
  expires bigint NOT NULL
);

CREATE TABLE consents (
  id         bytea PRIMARY KEY,
  device     bytea NOT NULL,
  policy     bytea NOT NULL,
  purpose    text NOT NULL,
  expires    bigint NOT NULL,
  commitment bytea NOT NULL,
  withdrawn  boolean NOT NULL,
  signed     bytea NOT NULL
);
CREATE INDEX consents_device ON consents (device);

CREATE TABLE exports (
  id        bytea PRIMARY KEY,
  custodian bytea NOT NULL,
  purpose   text NOT NULL,
  since     bigint NOT NULL,
  until     bigint NOT NULL,
  at        bigint NOT NULL
);

CREATE TABLE export_batches (
  export bytea NOT NULL,
  number bigint NOT NULL,
  PRIMARY KEY (export, number)
);
CREATE INDEX export_batches_number ON export_batches (number);

CREATE TABLE export_people (
  export    bytea NOT NULL,
  subject   bytea NOT NULL,
  pseudonym bytea NOT NULL,
  PRIMARY KEY (export, subject)
);
CREATE INDEX export_people_subject ON export_people (subject);

-- What waits for the ledger. Whose a leaf is goes with the row, once the leaf stands there.
CREATE TABLE outbox (
  number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind    smallint NOT NULL,
  body    bytea NOT NULL,
  subject bytea
);
CREATE INDEX outbox_body ON outbox (body);
CREATE INDEX outbox_kind ON outbox (kind, number);

-- Where leaves stand in the ledger. Nothing here says whose they are.
CREATE TABLE leaves (
  place    bigint PRIMARY KEY,
  body     bytea NOT NULL,
  readable boolean NOT NULL
);
CREATE INDEX leaves_body ON leaves (body);
CREATE INDEX leaves_readable ON leaves (place) WHERE readable;

-- How long the ledger was when it was last noted.
CREATE TABLE ledger (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  size bigint NOT NULL
);

-- Days that have ended, as operators saw them first: later erasures change nothing here.
CREATE TABLE days (
  day      bigint PRIMARY KEY,
  subjects bigint NOT NULL,
  boxes    bigint NOT NULL,
  bytes    bigint NOT NULL
);

-- Boxes that a person took back, so that none comes in again.
CREATE TABLE erased (
  subject bytea NOT NULL,
  batch   bytea NOT NULL,
  PRIMARY KEY (subject, batch)
);

-- replaced is 0 until the old epoch key was destroyed, record is empty until it was signed.
CREATE TABLE erasures (
  id        bytea PRIMARY KEY,
  subject   bytea NOT NULL,
  whole     boolean NOT NULL,
  digest    bytea NOT NULL,
  boxes     bigint NOT NULL,
  bytes     bigint NOT NULL,
  released  bigint NOT NULL,
  asked     bigint NOT NULL,
  destroyed bigint NOT NULL,
  replaced  bigint NOT NULL DEFAULT 0,
  record    bytea,
  salt      bytea NOT NULL
);
CREATE INDEX erasures_subject ON erasures (subject);
CREATE INDEX erasures_replaced ON erasures (replaced);
CREATE INDEX erasures_unsigned ON erasures (id) WHERE record IS NULL;

CREATE TABLE erasure_codes (
  subject bytea PRIMARY KEY,
  code    bytea NOT NULL UNIQUE
);

-- What a device left for another one of the same person.
CREATE TABLE joins (
  token   bytea PRIMARY KEY,
  subject bytea NOT NULL UNIQUE,
  sealed  bytea NOT NULL,
  expires bigint NOT NULL
);

-- Rows whose bytes were found missing; the device may send such a box again.
CREATE TABLE damaged (
  batch bytea PRIMARY KEY,
  found bigint NOT NULL
);

-- What any collector does when it comes to it. One takes a job until leased is past; asked rises when it is wanted again meanwhile.
CREATE TABLE jobs (
  kind   text NOT NULL,
  about  bytea NOT NULL,
  due    timestamptz NOT NULL,
  leased timestamptz,
  asked  bigint NOT NULL DEFAULT 1,
  failed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, about)
);
CREATE INDEX jobs_due ON jobs (due);

-- +goose Down
DROP TABLE store; DROP TABLE packs; DROP TABLE batches; DROP TABLE capsules; DROP TABLE epochs; DROP TABLE vault_keys; DROP TABLE devices;
DROP TABLE custodians; DROP TABLE invitations; DROP TABLE consents; DROP TABLE exports; DROP TABLE export_batches; DROP TABLE export_people;
DROP TABLE outbox; DROP TABLE leaves; DROP TABLE ledger; DROP TABLE days; DROP TABLE erased; DROP TABLE erasures; DROP TABLE erasure_codes;
DROP TABLE joins; DROP TABLE damaged; DROP TABLE jobs;
