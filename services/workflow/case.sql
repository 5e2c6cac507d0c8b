-- name: read_files
-- The open case of each household, whole in one row: its live places, open tasks and running deadlines.
SELECT c.*,
    ARRAY(SELECT p FROM places p WHERE p.household_id = c.household_id AND p.case_id = c.case_id AND p.state <> 'ended')
        AS places,
    ARRAY(SELECT o FROM tasks o WHERE o.household_id = c.household_id AND o.case_id = c.case_id AND o.state = 'open') AS tasks,
    ARRAY(SELECT d FROM deadlines d WHERE d.household_id = c.household_id AND d.case_id = c.case_id
        AND d.state IN ('running', 'paused')) AS deadlines
FROM cases c WHERE c.household_id = ANY($1::uuid[]) AND c.state <> 'closed'

-- name: read_refused
-- The refused and closed cases of these households, whatever was opened and closed after them; the last one first.
SELECT * FROM cases WHERE household_id = ANY($1::uuid[]) AND state = 'closed' AND result = 'refused'
ORDER BY opened_at DESC, case_id

-- name: change_cases
-- What may change of a case; an explanation that has not is not written again.
UPDATE cases c SET state = r.state, level = r.level, concerns = r.concerns, explanation = coalesce(r.explanation, c.explanation),
    cause = r.cause, clock_started_at = r.clock_started_at, warning_ids = r.warning_ids, withdrawn_ids = r.withdrawn_ids,
    is_confirmed = r.is_confirmed, is_green = r.is_green, is_noticed = r.is_noticed, result = r.result,
    departments = r.departments, declined = r.declined, rounds = r.rounds, returned_by = r.returned_by, refused_by = r.refused_by,
    stood_back = r.stood_back, pauses = r.pauses, appeals = r.appeals, appeal_until = r.appeal_until, ends = r.ends,
    journey_due_at = r.journey_due_at, closed_at = r.closed_at, closed_because = r.closed_because
FROM json_populate_recordset(NULL::cases, $1::json) r WHERE c.case_id = r.case_id
RETURNING 1

-- name: end_places
-- Places that end, before all others: they make room under the unique index of main ones. Lateness is the alarm's alone.
UPDATE places p SET state = r.state, is_main = r.is_main, office = r.office, level = r.level, concerns = r.concerns,
    task_id = r.task_id, planned_on = r.planned_on, notice_until = r.notice_until, paused_at = r.paused_at,
    paused_until = r.paused_until, due_at = r.due_at, ended_at = r.ended_at, ended_by = r.ended_by, ended_as = r.ended_as, cause_id = r.cause_id
FROM json_populate_recordset(NULL::places, $1::json) r WHERE p.place_id = r.place_id
RETURNING 1

-- name: change_places
-- Places that live on.
UPDATE places p SET state = r.state, is_main = r.is_main, office = r.office, level = r.level, concerns = r.concerns,
    task_id = r.task_id, planned_on = r.planned_on, notice_until = r.notice_until, paused_at = r.paused_at,
    paused_until = r.paused_until, due_at = r.due_at, ended_at = r.ended_at, ended_by = r.ended_by, ended_as = r.ended_as, cause_id = r.cause_id
FROM json_populate_recordset(NULL::places, $1::json) r WHERE p.place_id = r.place_id AND after(end_places)
RETURNING 1

-- name: change_tasks
-- What may change of a task.
UPDATE tasks t SET state = r.state, version = r.version, claimed_by = r.claimed_by, claimed_at = r.claimed_at
FROM json_populate_recordset(NULL::tasks, $1::json) r WHERE t.task_id = r.task_id

-- name: change_deadlines
-- What may change of a deadline; what it has fired is moved by the alarm alone.
UPDATE deadlines d SET state = r.state, due_at = r.due_at, wake_at = r.wake_at
FROM json_populate_recordset(NULL::deadlines, $1::json) r WHERE d.deadline_id = r.deadline_id

-- name: add_cases
-- Cases opened, after those that close: a household has one that is open. A person's call opens none.
INSERT INTO cases SELECT * FROM json_populate_recordset(NULL::cases, $1::json) WHERE after(change_cases)

-- name: add_places
-- Places that begin.
INSERT INTO places SELECT * FROM json_populate_recordset(NULL::places, $1::json) WHERE after(end_places) AND after(change_places)

-- name: add_tasks
-- Tasks that are opened.
INSERT INTO tasks SELECT * FROM json_populate_recordset(NULL::tasks, $1::json)

-- name: add_deadlines
-- Deadlines that begin, with nothing fired yet.
INSERT INTO deadlines (deadline_id, place_id, case_id, household_id, hop, step, round, branch, state, sent_at, due_at, fired,
    wake_at, region, grid)
SELECT deadline_id, place_id, case_id, household_id, hop, step, round, branch, state, sent_at, due_at, fired, wake_at,
    region, grid
FROM json_populate_recordset(NULL::deadlines, $1::json)

-- name: move_cases
-- Cases with another household or in another place: what is live goes along, and a merged one's past with it. Tasks and
-- deadlines are found by their place: by case they have no index.
WITH moved AS (
    UPDATE cases c SET household_id = m.household_id, region = m.region, grid = m.grid
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS m (case_id, household_id, region, grid)
    WHERE c.case_id = m.case_id
    RETURNING c.case_id, c.household_id, c.region, c.grid
), at_places AS (
    UPDATE places p SET household_id = m.household_id, region = m.region, grid = m.grid FROM moved m
    WHERE p.case_id = m.case_id AND (p.state <> 'ended' OR p.household_id <> m.household_id)
    RETURNING p.place_id, p.household_id, p.region, p.grid
), at_tasks AS (
    UPDATE tasks t SET household_id = m.household_id, region = m.region, grid = m.grid FROM at_places m
    WHERE t.place_id = m.place_id
)
UPDATE deadlines d SET household_id = m.household_id, region = m.region, grid = m.grid FROM at_places m
WHERE d.place_id = m.place_id
