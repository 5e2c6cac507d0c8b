-- What succeeded over HTTP, so that a repeated call with the same Idempotency-Key gets the same answer.
CREATE TABLE answers (
    caller          text NOT NULL,
    call            text NOT NULL,
    idempotency_key text NOT NULL,
    body_hash       bytea NOT NULL,
    status          integer NOT NULL,
    answer          jsonb NOT NULL,
    answered_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (caller, call, idempotency_key)
);
