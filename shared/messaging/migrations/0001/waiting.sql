-- Records that cannot be decided yet: `ahead` (a gap before it) or `failed` (we failed on it). Nothing passes the
-- first one of its (topic, key). `record` is encrypted: it may hold what may not lie in the clear.
CREATE TABLE waiting (
    consumer  text NOT NULL,
    topic     text NOT NULL,
    key       text COLLATE "C" NOT NULL,
    sequence  bigint NOT NULL,
    state     text NOT NULL CHECK (state IN ('ahead', 'failed')),
    type      text NOT NULL,
    region    char(12) COLLATE "C",
    cause     text,
    tries     integer NOT NULL DEFAULT 0,
    since     timestamptz NOT NULL,
    record    bytea NOT NULL,
    PRIMARY KEY (consumer, topic, key, sequence)
);
CREATE INDEX waiting_since ON waiting (since);

CREATE VIEW dead_letters AS
    SELECT consumer, topic, key, sequence, type, region, cause, tries, since FROM waiting WHERE state = 'failed';
