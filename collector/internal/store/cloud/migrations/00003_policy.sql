-- +goose Up
-- The newest signed policy that a collector published, empty before the first. Each collector checks the signature before it believes it.
CREATE TABLE policy (
  one    boolean PRIMARY KEY DEFAULT true CHECK (one),
  signed bytea NOT NULL
);
INSERT INTO policy (signed) VALUES ('');

-- +goose Down
DROP TABLE policy;
