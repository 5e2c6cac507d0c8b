-- name: is_restored
-- Whether this database was ever put back to an earlier hour.
SELECT is_restored()

-- name: there
-- Which of these facts lie in our topics already.
SELECT event_id FROM restored_ids($1::uuid[])

-- name: tell_again
-- What had been read before it was told goes out once more, as it was.
SELECT tell_again($1::uuid[])

-- name: owed
-- What comes once more under these keys and is due to be decided. Read under their locks.
SELECT event_id, topic, key, sequence FROM restored WHERE is_owed AND key = ANY ($1::text[]) AND topic = ANY ($2::text[])

-- name: settle
-- They have come: told again and decided, nobody asks for them any more.
DELETE FROM restored WHERE event_id = ANY ($1::uuid[])

-- name: positions
-- The stored next offset of every partition, whoever reads it.
SELECT consumer, topic, partition, next_offset FROM positions

-- name: make_keys
-- Keys that were first seen in the hour that is gone.
INSERT INTO keys (key) SELECT DISTINCT k COLLATE "C" FROM unnest($1::text[]) AS k ORDER BY 1 ON CONFLICT DO NOTHING

-- name: remember
-- Numbers beyond the last one that this database knows to have given.
INSERT INTO restored (event_id, topic, number, key, sequence, value)
SELECT DISTINCT ON (f.event_id) f.event_id, $1, $2, f.key, f.sequence, f.value
FROM unnest($3::text[], $4::bigint[], $5::uuid[], $6::bytea[]) AS f (key, sequence, event_id, value)
JOIN keys k ON k.key = f.key COLLATE "C"
WHERE f.sequence > coalesce(k.emitted[$2], 0)
ON CONFLICT DO NOTHING RETURNING event_id

-- name: go_on_behind
-- The next fact of each key goes behind what lies in the topic.
UPDATE keys k SET emitted = (
    SELECT array_agg(CASE WHEN n = $1 THEN f.last ELSE coalesce(k.emitted[n], 0) END ORDER BY n)
    FROM generate_series(1, greatest($1, cardinality(k.emitted))) AS n
)
FROM (SELECT key, max(sequence) AS last FROM unnest($2::text[], $3::bigint[]) AS s (key, sequence) GROUP BY key) AS f
WHERE k.key = f.key COLLATE "C" AND f.last > coalesce(k.emitted[$1], 0)
