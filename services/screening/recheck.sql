-- name: write
-- The day on which each household is to be judged again; one without such a day has no row.
WITH told AS (
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[]) AS t (household_id, wake_at, region, grid)
), gone AS (
    DELETE FROM rechecks r USING told t WHERE r.household_id = t.household_id AND t.wake_at IS NULL
)
INSERT INTO rechecks (household_id, wake_at, region, grid)
SELECT household_id, wake_at, region, grid FROM told WHERE wake_at IS NOT NULL
ON CONFLICT (household_id) DO UPDATE SET wake_at = excluded.wake_at, region = excluded.region, grid = excluded.grid,
    tries = 0, error = NULL

-- name: due
-- Households to be judged again, read without a lock: the longest due first.
SELECT household_id, region FROM rechecks WHERE wake_at <= civil.now() ORDER BY wake_at, household_id LIMIT $1

-- name: read
-- The same under the households' locks, with the newest record of each: what led to what time now changes.
SELECT r.household_id, r.wake_at, r.region, r.grid, f.event_id
FROM rechecks r LEFT JOIN LATERAL (
    SELECT event_id FROM facts WHERE household_id = r.household_id ORDER BY known_at DESC, event_id LIMIT 1) f ON true
WHERE r.household_id = ANY($1::uuid[]) AND r.wake_at <= $2

-- name: put_off
-- Tried again later, with the error that stopped it.
UPDATE rechecks r SET wake_at = p.wake_at, error = p.error, tries = tries + 1
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS p (household_id, wake_at, error) WHERE r.household_id = p.household_id
