-- name: read
-- What waits under these keys, the first ones of each topic and key, in line.
SELECT consumer, topic, key, sequence, state, type, region, cause, tries, since, record FROM (
    SELECT w.*, row_number() OVER (PARTITION BY topic, key ORDER BY sequence) AS place
    FROM waiting w WHERE consumer = $1 AND key = ANY ($2::text[])
) line WHERE place <= $3 ORDER BY topic, key, sequence

-- name: put
-- Let records wait; a redelivered one is there already.
INSERT INTO waiting (consumer, topic, key, sequence, state, type, region, cause, since, record)
SELECT c, t, k, s, st, ty, r, ca, $9, rec
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $10::bytea[])
    AS w (c, t, k, s, st, ty, r, ca, rec)
ON CONFLICT DO NOTHING RETURNING topic, key, sequence

-- name: remove
-- Decided or skipped.
DELETE FROM waiting w USING unnest($2::text[], $3::text[], $4::bigint[]) AS d (topic, key, sequence)
WHERE w.consumer = $1 AND w.topic = d.topic AND w.key = d.key AND w.sequence = d.sequence

-- name: fail
-- Its turn came and we failed on it: from now on it is a dead letter.
UPDATE waiting SET state = 'failed', tries = tries + 1, cause = $5
WHERE consumer = $1 AND topic = $2 AND key = $3 AND sequence = $4

-- name: list
-- Dead letters of a place, oldest first, a page at a time.
SELECT consumer, topic, key, sequence, state, type, region, cause, tries, since,
    (SELECT count(*) FROM waiting b WHERE b.consumer = w.consumer AND b.topic = w.topic AND b.key = w.key
        AND b.sequence > w.sequence) AS behind
FROM waiting w WHERE state = 'failed' AND (since, topic, key, sequence) > ($1, $2, $3, $4)
    AND coalesce(region BETWEEN $6::text AND $7::text, $8::boolean)
ORDER BY since, topic, key, sequence LIMIT $5

-- name: lines
-- The first waiting record of each line, failed or ahead, with how many stand behind it; oldest first, a page at a time.
SELECT consumer, topic, key, sequence, state, type, region, cause, tries, since,
    (SELECT count(*) FROM waiting b WHERE b.consumer = w.consumer AND b.topic = w.topic AND b.key = w.key
        AND b.sequence > w.sequence) AS behind
FROM waiting w WHERE (since, topic, key, sequence) > ($1, $2, $3, $4)
    AND coalesce(region BETWEEN $6::text AND $7::text, $8::boolean)
    AND NOT EXISTS (SELECT 1 FROM waiting e WHERE e.consumer = w.consumer AND e.topic = w.topic AND e.key = w.key
        AND e.sequence < w.sequence)
ORDER BY since, topic, key, sequence LIMIT $5

-- name: sum
-- How many lines wait for a failed first record, how many for a gap, and how many records that is in all.
SELECT count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'ahead') AS ahead,
    coalesce(sum(records), 0)::bigint AS total
FROM (
    SELECT DISTINCT ON (consumer, topic, key) state, region,
        count(*) OVER (PARTITION BY consumer, topic, key) AS records
    FROM waiting ORDER BY consumer, topic, key, sequence
) line WHERE coalesce(region BETWEEN $1::text AND $2::text, $3::boolean)

-- name: one
-- One waiting record, with whether it stands first in its line.
SELECT w.consumer, w.topic, w.key, w.sequence, w.state, w.type, w.region, w.cause, w.tries, w.since, w.record,
    NOT EXISTS (SELECT 1 FROM waiting e WHERE e.consumer = w.consumer AND e.topic = w.topic AND e.key = w.key
        AND e.sequence < w.sequence) AS is_first
FROM waiting w WHERE consumer = $1 AND topic = $2 AND key = $3 AND sequence = $4

-- name: count
-- How many wait, by consumer, topic and state, with the oldest.
SELECT consumer, topic, state, count(*) AS records, min(since) AS oldest FROM waiting GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
