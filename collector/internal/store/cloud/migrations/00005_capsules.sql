-- +goose Up
-- Capsules of new boxes lie in the pack, behind head and payload, sealed as before; the index holds their shred key alone. An older
-- collector would move such boxes without them, so it must not understand this table any more: what was called payload is called body.
ALTER TABLE batches ADD COLUMN sealed bigint NOT NULL DEFAULT 0;
ALTER TABLE batches RENAME COLUMN payload TO body;
ALTER TABLE capsules ALTER COLUMN sealed DROP NOT NULL;

-- +goose Down
ALTER TABLE capsules ALTER COLUMN sealed SET NOT NULL;
ALTER TABLE batches RENAME COLUMN body TO payload;
ALTER TABLE batches DROP COLUMN sealed;
