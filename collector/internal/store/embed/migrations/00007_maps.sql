-- +goose Up
-- Maps of exports end with the boxes that they name; those from before had kept boxes that were erased, and nobody read those rows.
DELETE FROM export_batches WHERE NOT EXISTS (SELECT 1 FROM batches b WHERE b.number = export_batches.number);

-- +goose Down
