-- Whom nobody has matched in time, told once to the county and the village; what comes anew is told anew.
CREATE TABLE matching_alarms (
    subject    text COLLATE "C" NOT NULL,
    since      timestamptz NOT NULL,
    alarmed_at timestamptz NOT NULL,
    region     char(12) COLLATE "C" NOT NULL,
    PRIMARY KEY (subject, since)
);
CREATE INDEX matching_alarms_region ON matching_alarms (region);
CALL protect('matching_alarms', '@schema', false);
GRANT SELECT, INSERT ON matching_alarms TO @schema_worker;
