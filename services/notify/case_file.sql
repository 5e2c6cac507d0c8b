-- name: occasions
-- What has been, or is to be, told of these cases.
SELECT * FROM occasions WHERE case_id = ANY($1::uuid[])

-- name: told
-- Which notices exist of these cases.
SELECT case_id, notice_id FROM notices WHERE case_id = ANY($1::uuid[])

-- name: put_occasions
-- An occasion as it stands now.
INSERT INTO occasions SELECT * FROM json_populate_recordset(NULL::occasions, $1::json)
ON CONFLICT (occasion_id) DO UPDATE SET
    office = excluded.office, task_id = excluded.task_id, level = excluded.level, concerns = excluded.concerns,
    due_at = excluded.due_at, not_to = excluded.not_to, state = excluded.state, cause = excluded.cause,
    hop_step = excluded.hop_step, is_green = excluded.is_green, retry_at = excluded.retry_at, tries = excluded.tries, tried_at = excluded.tried_at, cause_id = excluded.cause_id,
    region = excluded.region, grid = excluded.grid

-- name: add_notices
-- Notices sent; a second one of the same (case, step, person) is a unique violation, never a second telling.
INSERT INTO notices SELECT * FROM json_populate_recordset(NULL::notices, $1::json)

-- name: exist
-- Which of these notices exist.
SELECT notice_id FROM notices WHERE notice_id = ANY($1::uuid[])

-- name: add_dispatches
-- Ways out of the house, to be sent when they are due.
INSERT INTO dispatches SELECT * FROM json_populate_recordset(NULL::dispatches, $1::json)
