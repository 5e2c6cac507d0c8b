-- name: lock
-- One call with a key at a time; a second one is told at once and holds no connection.
SELECT pg_try_advisory_xact_lock($1)

-- name: find
-- An earlier answer to the same key.
SELECT body_hash, status, answer FROM answers WHERE caller = $1 AND call = $2 AND idempotency_key = $3

-- name: store
-- Kept in the transaction that it answers for.
INSERT INTO answers (caller, call, idempotency_key, body_hash, status, answer) VALUES ($1, $2, $3, $4, $5, $6::jsonb)
