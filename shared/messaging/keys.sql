-- name: lock
-- Make the missing rows, lock all in sorted order, then read civil now (the function's scan ends before the list is evaluated).
SELECT key, applied, emitted, waiting, merged_into, digest, (SELECT civil.now()) AS now FROM lock_rows($1::text[])

-- name: lock_as_person
-- What a person's call may lock and see.
SELECT key, emitted, merged_into, (SELECT civil.now()) AS now FROM lock_keys($1::text[])

-- name: now
-- Civil now where nothing had to be locked.
SELECT civil.now()

-- name: merge
-- From now on the first key's records are about the second, and so are those that had been merged into the first.
UPDATE keys k SET merged_into = m.target
FROM unnest($1::text[], $2::text[]) AS m (key, target)
WHERE k.key IN (SELECT m.key UNION ALL SELECT e.key FROM keys e WHERE e.merged_into = m.key)
