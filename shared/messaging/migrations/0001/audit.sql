-- Who did what to whom, and read what: INSERT and nothing else, for every role.
CREATE TABLE audit (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT civil.now(),
    actor     text NOT NULL,
    role      text NOT NULL,
    action    text NOT NULL,
    subject   text NOT NULL,
    purpose   text,
    region    char(12) COLLATE "C",
    details   jsonb NOT NULL DEFAULT '{}'
);
