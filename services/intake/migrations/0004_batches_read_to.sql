-- How many records of a batch have been read, apart from how many are done: one whose rows were held by another may come
-- after its neighbours, and the same call finds it by its line.
ALTER TABLE batches ADD COLUMN read_to bigint NOT NULL DEFAULT 0;
UPDATE batches SET read_to = received;
CREATE INDEX records_batch ON records (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX repeats_batch ON repeats (batch_id) WHERE batch_id IS NOT NULL;
