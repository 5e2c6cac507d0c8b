-- name: add
-- What a transaction did, on its day; one part a connection, taken in order.
INSERT INTO feed_days AS f (department, channel, region, day, part, accepted, duplicates, rejected, parked, late, unknown,
    last_at, last_occurred_on)
SELECT d, c, g, $11, pg_backend_pid() % 16, a, du, re, p, l, u, $12, n
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::date[]) AS s (d, c, g, a, du, re, p, l, u, n)
ORDER BY d, c, g
ON CONFLICT (department, channel, region, day, part) DO UPDATE SET
    accepted = f.accepted + excluded.accepted, duplicates = f.duplicates + excluded.duplicates,
    rejected = f.rejected + excluded.rejected, parked = f.parked + excluded.parked, late = f.late + excluded.late,
    unknown = f.unknown + excluded.unknown, last_at = greatest(f.last_at, excluded.last_at),
    last_occurred_on = greatest(f.last_occurred_on, excluded.last_occurred_on)

-- name: days
-- What came since a day, or ever, from some counties and from nowhere told.
SELECT department, channel, sum(accepted)::bigint AS accepted, sum(duplicates)::bigint AS duplicates,
    sum(rejected)::bigint AS rejected, sum(parked)::bigint AS parked, sum(late)::bigint AS late,
    sum(unknown)::bigint AS unknown
FROM feed_days
WHERE ($1::date IS NULL OR day >= $1) AND (region BETWEEN $2::bpchar AND $3::bpchar OR region = $4::bpchar)
GROUP BY 1, 2

-- name: lasts
-- When each department was heard last, and of which day's event.
SELECT department, max(last_at) AS last_at, max(last_occurred_on) AS last_occurred_on FROM feed_days
WHERE region BETWEEN $1::bpchar AND $2::bpchar OR region = $3::bpchar GROUP BY 1

-- name: parked
-- What is parked at this moment, and of that whose person or household nobody knows.
SELECT department, count(*) AS number, min(since) AS oldest,
    count(*) FILTER (WHERE reason IN ('unknown_person', 'unknown_household', 'no_number')) AS unknown
FROM parked WHERE region BETWEEN $1::bpchar AND $2::bpchar GROUP BY 1

-- name: batches
-- The calls that brought records.
SELECT department, count(*) AS number, max(opened_at) AS last FROM batches
WHERE region BETWEEN $1::bpchar AND $2::bpchar GROUP BY 1

-- name: topics
-- What the readers of the departments' topics hold back; what their log lost; and what a person skipped: the readers
-- count it as refused, and no decision did. Skips have no day: they are told of all days together.
SELECT topic, sum(waiting)::bigint AS waiting, sum(lost)::bigint AS lost,
    CASE WHEN $1 THEN sum(rejected)::bigint - coalesce((SELECT sum(f.rejected) FROM feed_days f
        WHERE f.channel = 'kafka' AND p.topic = 'departments.' || f.department || '.records'), 0)::bigint ELSE 0 END AS skipped
FROM positions p GROUP BY topic

-- name: now
-- Civil now.
SELECT civil.now()
