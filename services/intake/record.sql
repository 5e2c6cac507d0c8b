-- name: heads
-- The digests of records' key rows, read without a lock first and again under it.
SELECT key, digest FROM keys WHERE key = ANY ($1::text[]) AND digest IS NOT NULL

-- name: versions
-- Which of these versions are known, and with what content.
SELECT r.department, r.record_id, r.version, r.content
FROM unnest($1::text[], $2::text[], $3::int[]) AS u (department, record_id, version)
JOIN records r ON r.department = u.department AND r.record_id = u.record_id AND r.version = u.version

-- name: of_persons
-- The records that are, or were, about these persons.
SELECT DISTINCT department, record_id, person_id FROM records WHERE person_id = ANY ($1::uuid[])

-- name: payloads
-- Stored versions, sealed, to be read again.
SELECT r.department, r.record_id, r.version, r.payload, r.channel, '' AS county
FROM unnest($1::text[], $2::text[], $3::int[]) AS u (department, record_id, version)
JOIN records r ON r.department = u.department AND r.record_id = u.record_id AND r.version = u.version

-- name: insert_records
-- Every version that was taken, as it came.
INSERT INTO records (department, record_id, version, op, kind, occurred_on, content, payload, outcome, is_history,
    channel, batch_id, line, received_at, household_id, person_id, region, grid)
SELECT d, r, v, o, k, oc, c, p, ou, h, ch, b, l, $14, hh, pp, re, g
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::date[], $7::bytea[], $8::bytea[],
    $9::text[], $10::bool[], $11::text[], $12::uuid[], $13::bigint[], $15::uuid[], $16::uuid[], $17::text[],
    $18::text[]) AS u (d, r, v, o, k, oc, c, p, ou, h, ch, b, l, hh, pp, re, g)

-- name: insert_rejections
-- What was refused: where and why.
INSERT INTO rejections (department, channel, batch_id, line, record_id, code, field, at, region)
SELECT d, ch, b, l, r, c, f, $8, re
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::text[], $9::text[])
    AS u (d, ch, b, l, r, c, f, re)

-- name: insert_repeats
-- The same again.
INSERT INTO repeats (department, channel, batch_id, line, record_id, version, at, region)
SELECT d, ch, b, l, r, v, $7, re
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::int[], $8::text[])
    AS u (d, ch, b, l, r, v, re)

-- name: link
-- Whom an earlier version is about was learnt, or has changed.
UPDATE records r SET household_id = u.household_id, person_id = u.person_id, region = u.region, grid = u.grid
FROM unnest($1::text[], $2::text[], $3::int[], $4::uuid[], $5::uuid[], $6::text[], $7::text[])
    AS u (department, record_id, version, household_id, person_id, region, grid)
WHERE r.department = u.department AND r.record_id = u.record_id AND r.version = u.version

-- name: history
-- All versions of one record that the caller may see, oldest first.
SELECT version, op, kind, occurred_on, received_at, channel, outcome, is_history, payload, household_id, region
FROM records WHERE department = $1 AND record_id = $2 ORDER BY version LIMIT 200
