-- name: try_
-- A try at a receipt; none is written beyond a bound.
INSERT INTO receipt_tries (receipt) SELECT $1
WHERE (SELECT count(*) FROM receipt_tries WHERE receipt = $1 AND at > clock_timestamp() - interval '1 hour') < $2
RETURNING id

-- name: tries
-- The tries of the last hour that have not succeeded, this one too.
SELECT count(*) FROM receipt_tries WHERE receipt = $1 AND at > clock_timestamp() - interval '1 hour'

-- name: forgive
-- A try that succeeded does not count.
DELETE FROM receipt_tries WHERE id = $1

-- name: forget
-- Tries of more than an hour ago.
DELETE FROM receipt_tries WHERE at < clock_timestamp() - interval '1 hour'
