-- What a person said of whom nobody knows: not ours. It ends the clock, not the waiting: whoever is registered later is
-- matched all the same, and what is sent anew asks anew. Append-only, the newest counts.
CREATE TABLE identity_answers (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text COLLATE "C" NOT NULL,
    said_at timestamptz NOT NULL DEFAULT civil.now(),
    said_by text NOT NULL,
    role    text NOT NULL,
    reason  text NOT NULL,
    region  char(12) COLLATE "C" NOT NULL
);
CREATE INDEX identity_answers_subject ON identity_answers (subject, said_at);
CREATE INDEX identity_answers_region ON identity_answers (region);
CALL protect('identity_answers', '@schema', false);
GRANT SELECT, INSERT ON identity_answers TO @schema_api;
GRANT SELECT ON identity_answers TO @schema_worker;

-- Whether a parked record tells by itself what the policy calls red: a person matches it within hours.
ALTER TABLE parked ADD COLUMN is_red boolean NOT NULL DEFAULT false;
