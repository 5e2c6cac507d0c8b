-- name: open
-- A new batch, or one that nobody reads any more (its process is dead, was this one, or let it go).
INSERT INTO batches AS b (batch_id, department, caller, region, holder, busy_until)
VALUES ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6))
ON CONFLICT (batch_id) DO UPDATE SET holder = excluded.holder, busy_until = excluded.busy_until
WHERE b.closed_at IS NULL AND b.department = excluded.department AND (b.busy_until < clock_timestamp()
    OR (split_part(b.holder, '/', 1) = split_part(excluded.holder, '/', 1)
        AND split_part(b.holder, '/', 2) <> split_part(excluded.holder, '/', 2)))
RETURNING department, prefix, received, read_to

-- name: one
-- A batch as it stands, while it runs too.
SELECT batch_id, department, caller, region, closed_at, prefix, read_to, received, accepted, duplicates, rejected, parked,
    lines, opened_at, busy_until > clock_timestamp() AS is_read
FROM batches WHERE batch_id = $1

-- name: raise_counts
-- What a transaction did of each batch that is still its own, and up to which record; one that comes after its
-- neighbours moves nothing back.
UPDATE batches b SET received = b.received + u.a + u.d + u.r + u.p, accepted = b.accepted + u.a,
    duplicates = b.duplicates + u.d, rejected = b.rejected + u.r, parked = b.parked + u.p,
    prefix = CASE WHEN u.number > b.read_to THEN u.prefix ELSE b.prefix END, read_to = greatest(b.read_to, u.number),
    busy_until = clock_timestamp() + make_interval(secs => $8)
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bigint[],
    $9::text[]) AS u (batch_id, a, d, r, p, prefix, number, holder)
WHERE b.batch_id = u.batch_id AND b.holder = u.holder

-- name: done
-- Which lines of a batch are done: asked only where one was passed over.
SELECT line FROM records WHERE batch_id = $1
UNION ALL SELECT line FROM rejections WHERE batch_id = $1
UNION ALL SELECT line FROM repeats WHERE batch_id = $1

-- name: close
-- The reader has counted to the end.
UPDATE batches SET closed_at = civil.now(), lines = $2, busy_until = '-infinity'
WHERE batch_id = $1 AND holder = $3

-- name: let_go
-- Nobody reads it now.
UPDATE batches SET busy_until = '-infinity' WHERE batch_id = $1 AND closed_at IS NULL AND holder = $2

-- name: rejections
-- What was refused in it, in its order.
SELECT line, record_id, code, field FROM rejections WHERE batch_id = $1 ORDER BY line LIMIT $2
