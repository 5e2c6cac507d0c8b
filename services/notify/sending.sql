-- name: due
-- Ways out whose time has come, and those that a process took and was not heard of again.
SELECT dispatch_id, household_id, region FROM dispatches
WHERE (state = 'due' AND due_at <= (SELECT civil.now()))
    OR (state = 'claimed' AND due_at <= (SELECT civil.now()) AND claimed_until < clock_timestamp())
ORDER BY due_at, dispatch_id LIMIT $1

-- name: read
-- These ways out, read again under their households' locks.
SELECT * FROM dispatches WHERE dispatch_id = ANY($1::uuid[])

-- name: notices
-- Their notices, and whether they still have something to say. Each asks for its own occasion: for EXISTS PostgreSQL may
-- gather all that have ended first.
SELECT n.*, n.state = 'read' AS is_read, coalesce(
    (SELECT o.state IN ('ended', 'moved') FROM occasions o WHERE o.occasion_id = n.occasion_id), false
) AS has_ended
FROM notices n WHERE n.notice_id = ANY($1::uuid[])

-- name: put
-- A way out as it is now.
UPDATE dispatches d SET
    state = p.state, due_at = p.due_at, tries = p.tries, cause = p.cause, claim_id = p.claim_id,
    claimed_until = p.claimed_until, sent_at = p.sent_at
FROM json_populate_recordset(NULL::dispatches, $1::json) AS p
WHERE d.dispatch_id = p.dispatch_id

-- name: put_off
-- Those that failed, until later.
UPDATE dispatches d SET due_at = p.due_at
FROM unnest($1::uuid[], $2::timestamptz[]) AS p (dispatch_id, due_at)
WHERE d.dispatch_id = p.dispatch_id AND d.due_at IS NOT NULL
