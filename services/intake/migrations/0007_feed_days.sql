-- What came of each department on a day, so that nobody counts records to tell it: added to in the transaction of the
-- records themselves. `region` is the county that sent; `part` keeps transactions that work at once out of each other's way.
CREATE TABLE feed_days (
    department       text COLLATE "C" NOT NULL,
    channel          text COLLATE "C" NOT NULL,
    region           char(12) COLLATE "C" NOT NULL,
    day              date NOT NULL,
    part             smallint NOT NULL,
    accepted         bigint NOT NULL DEFAULT 0,
    duplicates       bigint NOT NULL DEFAULT 0,
    rejected         bigint NOT NULL DEFAULT 0,
    parked           bigint NOT NULL DEFAULT 0,
    late             bigint NOT NULL DEFAULT 0,
    unknown          bigint NOT NULL DEFAULT 0,
    last_at          timestamptz NOT NULL,
    last_occurred_on date,
    PRIMARY KEY (department, channel, region, day, part),
    CHECK (late + unknown <= 2 * (accepted + parked))
) WITH (fillfactor = 70);
CREATE INDEX feed_days_region ON feed_days (region, day);
CALL protect('feed_days', '@schema', false);

-- What came before this table.
INSERT INTO feed_days (department, channel, region, day, part, accepted, duplicates, rejected, parked, last_at,
    last_occurred_on)
SELECT department, channel, rpad(left(region, 6), 12, '0'), (at AT TIME ZONE 'Asia/Shanghai')::date, 0,
    count(*) FILTER (WHERE outcome = 'accepted'), count(*) FILTER (WHERE outcome = 'duplicate'),
    count(*) FILTER (WHERE outcome = 'rejected'), count(*) FILTER (WHERE outcome = 'parked'), max(at), max(occurred_on)
FROM (
    SELECT department, channel, region, received_at AS at, outcome, occurred_on FROM records
    UNION ALL SELECT department, channel, region, at, 'duplicate', NULL FROM repeats
    UNION ALL SELECT department, channel, region, at, 'rejected', NULL FROM rejections
) AS came
GROUP BY 1, 2, 3, 4;

GRANT SELECT, INSERT, UPDATE ON feed_days TO @schema_worker;
GRANT SELECT ON feed_days TO @schema_api;
