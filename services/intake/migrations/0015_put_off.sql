-- Whom a loop failed on, looked at again at `retry_at` by the civil clock, so that nobody else waits: a provisional
-- household that is to be matched (`household:<id>`), or, named as in `matching_alarms`, whom the county is to be told of.
CREATE TABLE put_off (
    subject  text COLLATE "C" PRIMARY KEY,
    retry_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON put_off TO @schema_worker;
