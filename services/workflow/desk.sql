-- name: list
-- Tasks of the caller's scope: the earliest limit first, then the higher level.
SELECT t.task_id, t.case_id, t.household_id, t.hop, t.step, p.round, p.branch, p.office, t.state, p.level, p.lateness, t.opened_at,
    p.due_at, c.journey_due_at, t.version, h.household_no, h.display_name, h.size, t.region, t.grid, p.concerns,
    t.claimed_by, p.warning_id, c.policy, c.is_green, p.proposal, p.paused_until, p.sent_at, r.rank,
    CASE WHEN c.cause = 'declaration' AND p.is_main AND p.round = 1 THEN c.clock_started_at END AS declared_at
FROM tasks t JOIN places p USING (place_id) JOIN cases c ON c.case_id = t.case_id
    LEFT JOIN households h ON h.household_id = t.household_id
    CROSS JOIN LATERAL (SELECT CASE p.level WHEN 'red' THEN 0 WHEN 'orange' THEN 1 ELSE 2 END AS rank) r
WHERE t.state = $1
    AND ($2::text IS NULL OR t.hop = $2)
    AND ($3::text IS NULL OR p.office = $3)
    AND ($4::uuid IS NULL OR t.household_id = $4)
    AND ($5::text IS NULL OR h.household_no = $5)
    AND ($6::text IS NULL OR p.level = $6)
    AND ($7::text IS NULL OR p.lateness = $7)
    AND ($8::text IS NULL OR t.claimed_by = $8)
    AND ($13::text IS NULL OR (t.hop = 'department' AND p.branch = $13))
    AND (p.due_at, r.rank, t.task_id) > ($9::timestamptz, $10::int, $11::uuid)
ORDER BY p.due_at, r.rank, t.task_id LIMIT $12

-- name: one
-- One task as a list shows it.
SELECT t.task_id, t.case_id, t.household_id, t.hop, t.step, p.round, p.branch, p.office, t.state, p.level, p.lateness, t.opened_at,
    p.due_at, c.journey_due_at, t.version, h.household_no, h.display_name, h.size, t.region, t.grid, p.concerns,
    t.claimed_by, p.warning_id, c.policy, c.is_green, p.proposal, p.paused_until, p.sent_at, 0 AS rank, t.place_id,
    CASE WHEN c.cause = 'declaration' AND p.is_main AND p.round = 1 THEN c.clock_started_at END AS declared_at
FROM tasks t JOIN places p USING (place_id) JOIN cases c ON c.case_id = t.case_id
    LEFT JOIN households h ON h.household_id = t.household_id
WHERE t.task_id = $1

-- name: case
-- A case by its id.
SELECT * FROM cases WHERE case_id = $1

-- name: place
-- A place by its id.
SELECT * FROM places WHERE place_id = $1

-- name: places
-- Where a case has been and is.
SELECT hop, step, round, branch, is_main, state, office, from_hop, level, lateness, concerns, task_id, proposal,
    planned_on, notice_until, paused_until, sent_at, due_at, ended_at, ended_by, ended_as
FROM places WHERE case_id = $1 ORDER BY sent_at, round LIMIT 500

-- name: main_places
-- The main way of a case, the latest round of a hop last.
SELECT p.hop, p.step, p.from_hop, p.round, p.state, p.sent_at, p.due_at, p.ended_at, p.ended_by, t.claimed_by
FROM places p LEFT JOIN tasks t USING (place_id)
WHERE p.case_id = $1 AND p.is_main ORDER BY p.round, p.sent_at LIMIT 500

-- name: household
-- What is shown of a household.
SELECT household_no, display_name, size FROM households WHERE household_id = $1

-- name: now
-- Civil now.
SELECT civil.now()
