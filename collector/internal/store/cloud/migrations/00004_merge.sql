-- +goose Up
-- The small packs, from which a merge chooses.
CREATE INDEX packs_small ON packs (size, name) WHERE retired IS NULL AND size < 4194304;

-- +goose Down
DROP INDEX packs_small;
