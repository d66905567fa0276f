-- +goose Up
-- Nothing asks for boxes by their consent.
DROP INDEX batches_consent;

-- +goose Down
CREATE INDEX batches_consent ON batches (consent);
