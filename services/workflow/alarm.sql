-- name: due
-- Deadlines to look at, read without a lock: the oldest first.
SELECT deadline_id, household_id, region FROM deadlines
WHERE state IN ('running', 'paused') AND wake_at <= $1 ORDER BY wake_at, deadline_id LIMIT $2

-- name: read
-- The same under the households' locks, with what a step tells.
SELECT d.deadline_id, d.place_id, d.case_id, d.household_id, d.hop, d.round, d.branch, d.state, d.sent_at, d.due_at, d.fired,
    d.wake_at, d.region, d.grid, p.state AS place_state, p.step AS place_step, p.office, p.level, p.task_id, p.cause_id, c.correlation_id, c.policy
FROM deadlines d JOIN places p USING (place_id) JOIN cases c ON c.case_id = d.case_id
WHERE d.deadline_id = ANY($1::uuid[])

-- name: write_fired
-- What has been told.
UPDATE deadlines d SET fired = r.fired, state = r.state, wake_at = r.wake_at, error = NULL
FROM json_to_recordset($1::json) AS r (deadline_id uuid, state text, fired text[], wake_at timestamptz)
WHERE d.deadline_id = r.deadline_id

-- name: move_lateness
-- The only place where lateness moves.
UPDATE places p SET lateness = r.lateness
FROM json_to_recordset($1::json) AS r (place_id uuid, lateness text) WHERE p.place_id = r.place_id

-- name: put_off
-- Tried again later, with the error that stopped it.
UPDATE deadlines d SET wake_at = r.wake_at, error = r.error, tries = d.tries + 1
FROM json_to_recordset($1::json) AS r (deadline_id uuid, wake_at timestamptz, error text)
WHERE d.deadline_id = r.deadline_id AND d.state IN ('running', 'paused')

-- name: unfired
-- What is due by its own ladder and has not been told: reckoned from the limit itself, whatever the alarm's plan says.
-- No step comes before half of the time. The instant is asked for once: for each row and step it was half of the cost.
WITH told_by AS MATERIALIZED (SELECT civil.now() - interval '5 seconds' AS at)
SELECT d.deadline_id, d.case_id, d.household_id, d.hop, p.step AS place_step, d.round, d.branch, p.office, l.step, i.told_from, d.due_at, d.error
FROM told_by JOIN deadlines d ON least(d.due_at, d.sent_at + (d.due_at - d.sent_at) / 2) <= told_by.at
JOIN places p USING (place_id) JOIN cases c ON c.case_id = d.case_id
JOIN json_to_recordset($1::json) AS l (policy text, step text, days integer) ON l.policy = c.policy
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.days >= 0 THEN d.due_at + l.days * interval '24 hours'
        ELSE greatest(d.due_at + l.days * interval '24 hours', d.sent_at + (d.due_at - d.sent_at) / 2) END AS told_from) i
WHERE d.state IN ('running', 'done') AND p.state IN ('on_its_way', 'open')
    AND i.told_from <= told_by.at AND l.step <> ALL (d.fired)
ORDER BY i.told_from, d.deadline_id LIMIT 200

-- name: watched
-- How many deadlines the auditor's question was asked of.
SELECT count(*), civil.now() AS as_of FROM deadlines WHERE state IN ('running', 'done')
