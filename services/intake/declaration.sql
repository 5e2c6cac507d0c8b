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

-- name: of_receipt
-- The declaration of a receipt.
SELECT clue_id, household_id, matched_household_id, channel, concerns, is_green, reported_at, withdrawn_at, phone_last4,
    has_code, region, grid
FROM clues WHERE receipt = $1

-- name: withdraw
-- Taken back by its declarer.
UPDATE clues SET withdrawn_at = $2 WHERE clue_id = $1 AND withdrawn_at IS NULL

-- name: appealed
-- The appeals against a case's refusals.
SELECT refusal, appealed_at FROM appeals WHERE case_id = $1

-- name: appeal
-- One appeal a refusal.
INSERT INTO appeals (clue_id, case_id, refusal, household_id, appealed_at, told, region, grid)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: as_it_stands
-- Whether a declaration has been taken back and whose it is by now, read under its household's lock.
SELECT withdrawn_at, matched_household_id FROM clues WHERE clue_id = $1
