-- +goose Up
-- The boxes of a pack, in the order in which they lie there.
CREATE INDEX batches_pack ON batches (pack, at);

-- How many bytes of a pack belong to boxes that were erased, or moved to another pack.
ALTER TABLE pack_ends ADD COLUMN dead INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE pack_ends DROP COLUMN dead; DROP INDEX batches_pack;
