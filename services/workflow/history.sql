-- name: append_steps
-- Rows of the history, in order.
INSERT INTO history (
    event_id, cause_id, case_id, household_id, at, type, hop, from_hop, round, branch, office, level, due_at, task_id,
    action, reason_code, officer_id, role, region, grid)
SELECT event_id, cause_id, case_id, household_id, at, type, hop, from_hop, round, branch, office, level, due_at, task_id,
    action, reason_code, officer_id, role, region, grid
FROM json_populate_recordset(NULL::history, $1::json)

-- name: append_decisions
-- What was told in forms and in free words.
INSERT INTO decisions SELECT * FROM json_populate_recordset(NULL::decisions, $1::json)

-- name: of_case
-- A case's history, oldest first.
SELECT event_id, cause_id, at, type, hop, from_hop, round, branch, office, level, due_at, task_id, action, reason_code,
    officer_id, role
FROM history WHERE case_id = $1 ORDER BY number LIMIT 2000

-- name: decisions_of_case
-- What was told in words at each step of a case.
SELECT event_id, task_id, at, version, action, form, reason_code, comment, officer_id, role
FROM decisions WHERE case_id = $1 ORDER BY at LIMIT 1000
