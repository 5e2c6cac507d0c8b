-- name: of_cases
-- Where these cases stand.
SELECT household_id, case_id, changed_at, opened_at, region, grid, closed_at, state, hop, step, result, reason_code,
    refusals, is_appealed, is_paused, due_at, journey_due_at, planned_on, notice_until, appeal_until
FROM case_progress WHERE case_id = ANY ($1::uuid[])

-- name: of_households
-- Where all cases of these households stand, the earliest first.
SELECT household_id, case_id, changed_at, opened_at, region, grid, closed_at, state, hop, step, result, reason_code,
    refusals, is_appealed, is_paused, due_at, journey_due_at, planned_on, notice_until, appeal_until
FROM case_progress WHERE household_id = ANY ($1::uuid[]) ORDER BY opened_at, case_id

-- name: put
-- The whole of it, once a case.
INSERT INTO case_progress AS p (household_id, case_id, changed_at, opened_at, region, grid, closed_at, state, hop, step,
    result, reason_code, refusals, is_appealed, is_paused, due_at, journey_due_at, planned_on, notice_until, appeal_until)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[],
    $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::int[], $14::bool[],
    $15::bool[], $16::timestamptz[], $17::timestamptz[], $18::date[], $19::date[], $20::date[])
ON CONFLICT (case_id) DO UPDATE SET
    household_id = excluded.household_id, changed_at = excluded.changed_at, region = excluded.region,
    grid = excluded.grid, closed_at = excluded.closed_at, state = excluded.state, hop = excluded.hop,
    step = excluded.step, result = excluded.result, reason_code = excluded.reason_code, refusals = excluded.refusals,
    is_appealed = excluded.is_appealed, is_paused = excluded.is_paused, due_at = excluded.due_at,
    journey_due_at = excluded.journey_due_at, planned_on = excluded.planned_on, notice_until = excluded.notice_until,
    appeal_until = excluded.appeal_until
