-- The one relay of a service: owner = instance + incarnation; the token fences a paused predecessor.
CREATE TABLE relay (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    instance  text NOT NULL DEFAULT '',
    incarnation text NOT NULL DEFAULT '',
    token     bigint NOT NULL DEFAULT 0,
    until     timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO relay DEFAULT VALUES;
