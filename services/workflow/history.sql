-- name: append_steps
-- Rows of the history, in order.
INSERT INTO history (
    event_id, cause_id, case_id, household_id, at, type, hop, step, from_hop, round, branch, office, level, due_at,
    task_id, action, reason_code, told, officer_id, role, region, grid)
SELECT event_id, cause_id, case_id, household_id, at, type, hop, step, from_hop, round, branch, office, level, due_at,
    task_id, action, reason_code, told, officer_id, role, region, grid
FROM json_populate_recordset(NULL::history, $1::json)

-- name: append_decisions
-- What was told in forms and in free words.
INSERT INTO decisions SELECT * FROM json_populate_recordset(NULL::decisions, $1::json)

-- name: of_case
-- A case's steps, oldest first, each with the words of its decision.
SELECT h.event_id, h.cause_id, h.at, h.type, CASE WHEN h.type LIKE 'supervision.%' THEN replace(h.type, '.', '_')
        ELSE split_part(h.type, '.', CASE WHEN h.type LIKE 'task.%' THEN 2 ELSE 3 END) END AS word,
    h.hop, h.step, h.from_hop, h.round, h.branch, h.office, h.level, h.due_at, h.task_id, h.action, h.reason_code, h.officer_id, h.role,
    coalesce(d.comment, s.text) AS comment
FROM history h LEFT JOIN decisions d USING (event_id) LEFT JOIN statements s USING (event_id)
WHERE h.case_id = $1 AND h.type NOT LIKE 'shouwang.notice.%' ORDER BY h.number LIMIT 2000

-- name: notices_of_case
-- Who was told of a case's steps, oldest first.
SELECT event_id, cause_id, at, split_part(type, '.', 3) AS word, hop, round, branch, task_id, told, officer_id
FROM history WHERE case_id = $1 AND type LIKE 'shouwang.notice.%' ORDER BY number LIMIT 2000

-- name: decisions_of_case
-- What was told in words at each step of a case, and at which hop.
SELECT d.event_id, d.task_id, d.at, d.version, d.action, d.form, d.reason_code, d.comment, d.officer_id, d.role, t.hop
FROM decisions d LEFT JOIN tasks t USING (task_id) WHERE d.case_id = $1 ORDER BY d.at LIMIT 1000
