-- name: add
-- Supervisions opened by the alarm.
INSERT INTO supervisions SELECT * FROM json_populate_recordset(NULL::supervisions, $1::json)

-- name: households_of
-- Whose supervisions these are.
SELECT supervision_id, household_id FROM supervisions WHERE supervision_id = ANY($1::uuid[])

-- name: read
-- Supervisions under their households' locks.
SELECT s.supervision_id, s.place_id, s.case_id, s.household_id, s.hop, p.step, s.round, s.branch, s.office, s.supervisor,
    s.level, s.state, s.due_at, s.opened_at, s.answered_by, s.closed_at, s.closed_by, s.cause_id, trim(s.region) AS region,
    s.grid
FROM supervisions s JOIN places p USING (place_id) WHERE s.supervision_id = ANY($1::uuid[])

-- name: change
-- Answered, or closed.
UPDATE supervisions s SET state = r.state, answered_by = r.answered_by, closed_at = r.closed_at, closed_by = r.closed_by,
    cause_id = r.cause_id
FROM json_populate_recordset(NULL::supervisions, $1::json) r WHERE s.supervision_id = r.supervision_id

-- name: append_statements
-- What was written.
INSERT INTO statements SELECT * FROM json_populate_recordset(NULL::statements, $1::json)

-- name: list
-- Supervisions of an office, as the late one or as the one above; the longest open first.
SELECT s.supervision_id, s.place_id, s.case_id, s.household_id, h.household_no, h.display_name, s.hop, p.step, s.round, s.branch, s.office,
    s.supervisor, s.level, s.state, s.due_at, s.opened_at, s.closed_at, s.closed_by, s.answered_by, s.cause_id, p.task_id,
    p.state AS place_state, p.ended_at, trim(s.region) AS region, s.grid
FROM supervisions s JOIN places p USING (place_id) LEFT JOIN households h ON h.household_id = s.household_id
WHERE ($1::text IS NULL OR s.state = $1) AND ($2::text IS NULL OR $2 IN (s.office, s.supervisor))
    AND ($6::text IS NULL OR (s.hop = 'department' AND s.branch = $6))
    AND (s.opened_at, s.supervision_id) > ($3, $4)
ORDER BY s.opened_at, s.supervision_id LIMIT $5

-- name: statements_of
-- What was written to them, in order.
SELECT supervision_id, kind, at, text, officer_id, role FROM statements
WHERE supervision_id = ANY($1::uuid[]) ORDER BY supervision_id, number LIMIT 5000
