-- +goose Up
-- What operators were shown box by box: later erasures change nothing here. It names nobody, and goes after five weeks.
CREATE TABLE shown (
  place   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  batch   bytea NOT NULL,
  bucket  smallint NOT NULL,
  hour    bigint NOT NULL,
  purpose text NOT NULL
);
CREATE INDEX shown_hour ON shown (hour);

-- Up to which box. Whoever shows a lot locks the row until the commit, so that lots follow each other and places become visible in their order.
CREATE TABLE shown_until (
  one    boolean PRIMARY KEY DEFAULT true CHECK (one),
  number bigint NOT NULL
);
INSERT INTO shown_until (number) VALUES (0);

-- +goose Down
DROP TABLE shown_until; DROP TABLE shown;
