-- Department records as sent: append-only, the whole payload sealed. Only whom a record is about may be filled in or
-- changed later (a parked one found its household, a person moved), by a grant on those columns alone.
CREATE TABLE records (
    department   text COLLATE "C" NOT NULL,
    record_id    text COLLATE "C" NOT NULL,
    version      integer NOT NULL CHECK (version > 0),
    op           text NOT NULL CHECK (op IN ('upsert', 'withdraw')),
    kind         text NOT NULL,
    occurred_on  date,
    content      bytea NOT NULL,
    payload      bytea NOT NULL,
    outcome      text NOT NULL CHECK (outcome IN ('accepted', 'parked')),
    is_history   boolean NOT NULL,
    channel      text NOT NULL CHECK (channel IN ('http', 'kafka')),
    batch_id     uuid,
    line         bigint NOT NULL,
    received_at  timestamptz NOT NULL,
    household_id uuid,
    person_id    uuid,
    region       char(12) COLLATE "C" NOT NULL,
    grid         text COLLATE "C",
    PRIMARY KEY (department, record_id, version)
);
CREATE INDEX records_person ON records (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX records_region ON records (region);
CALL protect('records', '@schema');

-- What was refused: where and why, and nothing of what was said.
CREATE TABLE rejections (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    channel    text NOT NULL CHECK (channel IN ('http', 'kafka')),
    batch_id   uuid,
    line       bigint NOT NULL,
    record_id  text,
    code       text NOT NULL,
    field      text,
    at         timestamptz NOT NULL,
    region     char(12) COLLATE "C" NOT NULL
);
CREATE INDEX rejections_batch ON rejections (batch_id, line) WHERE batch_id IS NOT NULL;
CREATE INDEX rejections_region ON rejections (region);
CALL protect('rejections', '@schema', false);

-- The same record sent again.
CREATE TABLE repeats (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    channel    text NOT NULL CHECK (channel IN ('http', 'kafka')),
    batch_id   uuid,
    line       bigint NOT NULL,
    record_id  text NOT NULL,
    version    integer NOT NULL,
    at         timestamptz NOT NULL,
    region     char(12) COLLATE "C" NOT NULL
);
CREATE INDEX repeats_region ON repeats (region);
CALL protect('repeats', '@schema', false);

-- Records whose household is not known yet: the newest version of each, until its person or household (`awaits`) is
-- registered, or a person matches it. `county` is the sender's, a prefix; empty where the sender is everywhere.
CREATE TABLE parked (
    department   text COLLATE "C" NOT NULL,
    record_id    text COLLATE "C" NOT NULL,
    version      integer NOT NULL,
    kind         text NOT NULL,
    reason       text NOT NULL,
    person_id    uuid,
    household_id uuid,
    awaits       uuid,
    county       text NOT NULL,
    channel      text NOT NULL,
    since        timestamptz NOT NULL,
    tries        integer NOT NULL DEFAULT 0,
    retry_at     timestamptz NOT NULL,
    region       char(12) COLLATE "C" NOT NULL,
    PRIMARY KEY (department, record_id)
);
CREATE INDEX parked_awaits ON parked (awaits) WHERE awaits IS NOT NULL;
CREATE INDEX parked_retry ON parked (retry_at);
CREATE INDEX parked_region ON parked (region, since);
CALL protect('parked', '@schema', false);

-- One call that sent records: opened first, raised in each transaction, closed with what its reader counted itself.
-- `prefix` chains the hashes of the lines that are done, so that a repeated call is known, and an interrupted one goes on.
CREATE TABLE batches (
    batch_id   uuid PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    caller     text NOT NULL,
    opened_at  timestamptz NOT NULL DEFAULT civil.now(),
    closed_at  timestamptz,
    holder     text NOT NULL,
    busy_until timestamptz NOT NULL,
    prefix     bytea NOT NULL DEFAULT '\x',
    received   bigint NOT NULL DEFAULT 0,
    accepted   bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    rejected   bigint NOT NULL DEFAULT 0,
    parked     bigint NOT NULL DEFAULT 0,
    lines      bigint,
    region     char(12) COLLATE "C" NOT NULL,
    CHECK (received = accepted + duplicates + rejected + parked)
);
CREATE INDEX batches_region ON batches (region, opened_at);
CALL protect('batches', '@schema', false);

GRANT SELECT, INSERT ON records, rejections, repeats TO @schema_worker;
GRANT UPDATE (household_id, person_id, region, grid) ON records TO @schema_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON parked TO @schema_worker;
GRANT SELECT, INSERT, UPDATE ON batches TO @schema_worker;
GRANT SELECT ON records, rejections, parked, batches TO @schema_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA @schema TO @schema_worker;
