-- name: read
-- Where these households' cases stand.
SELECT household_id, case_id, changed_at, region, grid, state, hop, step, result, reason_code, refusals, is_appealed,
    is_paused, due_at, journey_due_at, planned_on, notice_until, appeal_until
FROM declaration_progress WHERE household_id = ANY ($1::uuid[])

-- name: put
-- The whole of it, once a household.
INSERT INTO declaration_progress AS p (household_id, case_id, changed_at, region, grid, state, hop, step, result,
    reason_code, refusals, is_appealed, is_paused, due_at, journey_due_at, planned_on, notice_until, appeal_until)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::int[], $12::bool[], $13::bool[], $14::timestamptz[], $15::timestamptz[],
    $16::date[], $17::date[], $18::date[])
ON CONFLICT (household_id) DO UPDATE SET
    case_id = excluded.case_id, changed_at = excluded.changed_at, region = excluded.region, grid = excluded.grid,
    state = excluded.state, hop = excluded.hop, step = excluded.step, result = excluded.result,
    reason_code = excluded.reason_code, refusals = excluded.refusals, is_appealed = excluded.is_appealed,
    is_paused = excluded.is_paused, due_at = excluded.due_at, journey_due_at = excluded.journey_due_at,
    planned_on = excluded.planned_on, notice_until = excluded.notice_until, appeal_until = excluded.appeal_until
