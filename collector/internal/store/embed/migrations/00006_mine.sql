-- +goose Up
-- What a device asks of its person costs what is theirs, not what everybody's exports and erasures are.
CREATE INDEX export_people_subject ON export_people (subject);
CREATE INDEX erasures_subject ON erasures (subject);

-- +goose Down
DROP INDEX export_people_subject; DROP INDEX erasures_subject;
