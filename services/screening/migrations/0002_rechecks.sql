-- Suppressed warnings of which a sample is looked at all the same.
ALTER TABLE warnings ADD COLUMN for_audit boolean NOT NULL DEFAULT false;
CREATE INDEX warnings_audit ON warnings (region, raised_at) WHERE for_audit;

-- When time alone may change what is said of a household: one row each, for the alarm.
CREATE TABLE rechecks (
    household_id uuid PRIMARY KEY,
    wake_at      timestamptz NOT NULL,
    tries        integer NOT NULL DEFAULT 0,
    error        text,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C"
);
CREATE INDEX rechecks_due ON rechecks (wake_at, household_id);
CREATE INDEX rechecks_region ON rechecks (region);
CALL protect('rechecks', '@schema');
GRANT SELECT, INSERT, UPDATE, DELETE ON rechecks TO @schema_worker;
