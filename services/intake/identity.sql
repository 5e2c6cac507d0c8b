-- name: seats
-- Where households live.
SELECT household_id, region, grid, status = 'active' AS is_active FROM households WHERE household_id = ANY ($1::uuid[])

-- name: park
-- The newest version of each record whose household is not known.
INSERT INTO parked AS p (department, record_id, version, kind, reason, person_id, household_id, awaits, county, channel,
    region, since, retry_at)
SELECT d, r, v, k, re, pe, h, a, c, ch, g, $12, clock_timestamp() + make_interval(secs => $13)
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::uuid[], $9::text[],
    $10::text[], $11::text[]) AS u (d, r, v, k, re, pe, h, a, c, ch, g)
ON CONFLICT (department, record_id) DO UPDATE SET
    version = excluded.version, kind = excluded.kind, reason = excluded.reason, person_id = excluded.person_id,
    household_id = excluded.household_id, awaits = excluded.awaits, county = excluded.county,
    channel = excluded.channel, region = excluded.region, since = excluded.since, tries = 0,
    retry_at = excluded.retry_at

-- name: unpark
-- Told, withdrawn or overtaken.
DELETE FROM parked p USING unnest($1::text[], $2::text[]) AS u (department, record_id)
WHERE p.department = u.department AND p.record_id = u.record_id

-- name: awaiting
-- What awaits these persons and households: facts and what stands beside the register.
SELECT department, record_id FROM parked
WHERE awaits = ANY ($1::uuid[]) AND kind <> 'household' ORDER BY since LIMIT 5000

-- name: parked
-- Parked records with their sealed payloads.
SELECT p.department, p.record_id, p.version, p.reason, p.awaits, p.county, p.channel, r.payload
FROM unnest($1::text[], $2::text[]) AS u (department, record_id)
JOIN parked p ON p.department = u.department AND p.record_id = u.record_id
JOIN records r ON r.department = p.department AND r.record_id = p.record_id AND r.version = p.version

-- name: due
-- Whose turn it is to be asked again.
SELECT department, record_id FROM parked WHERE retry_at <= clock_timestamp() ORDER BY retry_at LIMIT $1

-- name: postpone
-- Still unknown: later and later, at most an hour apart. Without a reason we failed on it: it stays as it is.
UPDATE parked p SET tries = p.tries + 1, reason = coalesce(u.reason, p.reason),
    awaits = CASE WHEN u.reason IS NULL THEN p.awaits ELSE u.awaits END,
    retry_at = clock_timestamp() + make_interval(secs => least($5 * 2 ^ least(p.tries + 1, 20), $6))
FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) AS u (department, record_id, reason, awaits)
WHERE p.department = u.department AND p.record_id = u.record_id

-- name: wake
-- The register has changed about whom these await.
UPDATE parked SET retry_at = clock_timestamp() WHERE awaits = ANY ($1::uuid[])

-- name: one
-- One parked record, if the caller may see it.
SELECT kind, region FROM parked WHERE department = $1 AND record_id = $2
