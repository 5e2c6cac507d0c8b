-- name: finish
-- Facts, key rows and positions of one transaction; the positions as they stood before. They move on, never back. A key
-- is looked for as an array of one: PostgreSQL cannot merge by that, and so never reads the index whole.
WITH facts AS (
    INSERT INTO outbox (topic, key, sequence, event_id, type, source, region, value)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bytea[])
), written AS (
    UPDATE keys k SET applied = c.applied::bigint[], emitted = c.emitted::bigint[], waiting = c.waiting, digest = c.digest
    FROM unnest($9::text[], $10::text[], $11::text[], $12::int[], $13::bytea[]) AS c (key, applied, emitted, waiting, digest)
    WHERE k.key = ANY (ARRAY[c.key])
)
INSERT INTO positions AS p (consumer, topic, partition, next_offset, received, accepted, duplicates, rejected, parked, waiting)
SELECT $14, t, n, o, a + d + r + k + w, a, d, r, k, w
FROM unnest($15::text[], $16::int[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[])
    AS s (t, n, o, a, d, r, k, w)
ORDER BY t, n
ON CONFLICT (consumer, topic, partition) DO UPDATE SET
    next_offset = greatest(p.next_offset, excluded.next_offset),
    received = p.received + excluded.received,
    accepted = p.accepted + excluded.accepted,
    duplicates = p.duplicates + excluded.duplicates,
    rejected = p.rejected + excluded.rejected,
    parked = p.parked + excluded.parked,
    waiting = p.waiting + excluded.waiting,
    committed_at = clock_timestamp()
RETURNING topic, partition, old.next_offset
