-- name: write
-- The newest word of each warning of a batch, and the household that it is about since a merge.
INSERT INTO warnings AS w (warning_id, household_id, household_no, state, level, is_provisional, told, raised_at, changed_at, region, grid, for_audit)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::jsonb[], $8::timestamptz[],
    $9::timestamptz[], $10::text[], $11::text[], $12::bool[])
ON CONFLICT (warning_id) DO UPDATE SET household_id = excluded.household_id,
    household_no = coalesce(excluded.household_no, w.household_no), state = excluded.state, level = excluded.level,
    is_provisional = excluded.is_provisional,
    told = CASE WHEN excluded.state = 'withdrawn' THEN jsonb_set(w.told, '{state}', '"withdrawn"') ELSE excluded.told END,
    raised_at = excluded.raised_at, changed_at = excluded.changed_at, region = excluded.region, grid = excluded.grid,
    for_audit = excluded.for_audit

-- name: close
-- People closed the case: its warning is closed with it, by name, also one that was held back here meanwhile.
UPDATE warnings w SET state = 'closed', told = jsonb_set(told, '{state}', '"closed"'), changed_at = c.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS c (warning_id, at) WHERE w.warning_id = c.warning_id AND w.state IN ('open', 'suppressed')

-- name: move
-- The standing warning of a merged household is the other one's.
UPDATE warnings w SET household_id = m.target FROM unnest($1::uuid[], $2::uuid[]) AS m (source, target)
WHERE w.household_id = m.source AND w.state IN ('open', 'suppressed')

-- name: page
-- Warnings that the caller may see, newest first, a page at a time.
SELECT warning_id, state, told, raised_at, changed_at, region, grid FROM warnings
WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR household_id = $2) AND ($3::text IS NULL OR household_no = $3)
    AND ($4::text IS NULL OR region BETWEEN rpad($4, 12, '0') AND rpad($4, 12, '9'))
    AND ($8::text IS NULL OR level = $8) AND ($9::bool IS NULL OR for_audit = $9) AND (raised_at, warning_id) < ($5, $6)
ORDER BY raised_at DESC, warning_id DESC LIMIT $7

-- name: tally
-- How many warnings the caller may see, by state and level.
SELECT state, level, count(*) AS count FROM warnings
WHERE $1::text IS NULL OR region BETWEEN rpad($1, 12, '0') AND rpad($1, 12, '9') GROUP BY 1, 2 ORDER BY 1, 2

-- name: standing
-- The open or suppressed warning of a household, if the caller may see it.
SELECT state, told FROM warnings WHERE household_id = $1 AND state IN ('open', 'suppressed')

-- name: one
-- One warning, if the caller may see it.
SELECT warning_id, state, told, raised_at, changed_at, region, grid FROM warnings WHERE warning_id = $1

-- name: outcomes
-- What people made of warnings; an event that is read again is there already.
INSERT INTO outcomes (event_id, warning_id, outcome, at, region, grid)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[]) ON CONFLICT DO NOTHING

-- name: is_seen
-- Whether any fact of a household is visible to the caller.
SELECT EXISTS (SELECT 1 FROM facts WHERE household_id = $1)

-- name: digest
-- What is known of a household, wherever it lives: shown only to whoever it is the area of.
SELECT digest FROM keys WHERE key = $1

-- name: now
-- Civil now.
SELECT civil.now()
