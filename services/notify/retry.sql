-- name: due
-- What has not reached whom it is meant for, and may now: its time has come, or somebody's post there has changed since.
SELECT o.occasion_id, o.household_id, o.region
FROM occasions o, (SELECT civil.now() AS now) AS clock
WHERE o.state IN ('stand_in', 'kept') AND (
    o.retry_at <= clock.now
    OR EXISTS (
        SELECT 1 FROM posts p
        WHERE p.office_id IN (o.office, o.region, left(o.region, 9), left(o.region, 6), left(o.region, 4), left(o.region, 2))
            AND p.changed_at >= o.tried_at
    )
    OR EXISTS (SELECT 1 FROM posts p WHERE p.grid = o.office AND p.changed_at >= o.tried_at)
    OR EXISTS (SELECT 1 FROM spells s WHERE s.office_id IN (o.office, o.region) AND s.changed_at >= o.tried_at)
)
ORDER BY o.retry_at, o.occasion_id LIMIT $1

-- name: read
-- These occasions, read again under their households' locks.
SELECT * FROM occasions WHERE occasion_id = ANY($1::uuid[])

-- name: put_off
-- Those that failed, until later.
UPDATE occasions o SET retry_at = r.retry_at, tried_at = greatest(o.tried_at, civil.now()), tries = o.tries + 1
FROM unnest($1::uuid[], $2::timestamptz[]) AS r (occasion_id, retry_at)
WHERE o.occasion_id = r.occasion_id AND o.retry_at IS NOT NULL
