-- name: earlier
-- What was reported of this household, or by this person, within the days that attach; the newest first.
SELECT clue_id, cause, household_id, matched_household_id, reported_at, withdrawn_at IS NOT NULL AS is_withdrawn,
    display_name, region, grid
FROM clues
WHERE reported_at > civil.now() - make_interval(days => $3)
    AND (declarer = $1 OR household_id = ANY ($2::uuid[]) OR matched_household_id = ANY ($2::uuid[]))
ORDER BY reported_at DESC LIMIT $4

-- name: phones
-- The sealed phones of a household's members.
SELECT person_id, phone FROM persons WHERE household_id = $1 AND phone IS NOT NULL AND NOT is_left

-- name: insert
-- One report.
INSERT INTO clues (clue_id, call_id, cause, channel, outcome, household_id, matched_household_id, person_id,
    named_household_id, declarer, receipt, phone_last4, concerns, level, is_green, reported_at, reported_by_role,
    reported_by, times, has_code, told, display_name, region, grid)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)

-- name: match
-- A provisional household is a registered one; its reports are seen where that one lives.
UPDATE clues SET matched_household_id = $2, region = $3, grid = $4
WHERE household_id = $1 AND matched_household_id IS NULL

-- name: of_provisional
-- The reports under a provisional household that nobody has matched, the oldest first.
SELECT clue_id, cause, household_id, matched_household_id, reported_at, withdrawn_at IS NOT NULL AS is_withdrawn,
    display_name, region, grid
FROM clues WHERE household_id = ANY ($1::uuid[]) AND matched_household_id IS NULL ORDER BY reported_at, clue_id

-- name: matchable
-- Provisional households whose person or number the register knows by now, and nothing contradicts; none that is put off.
SELECT DISTINCT ON (c.household_id) c.household_id, coalesce(ph.household_id, nh.household_id) AS target
FROM clues c
LEFT JOIN persons p ON p.person_id = c.person_id
LEFT JOIN households ph ON ph.household_id = p.household_id AND ph.status = 'active'
LEFT JOIN households nh ON nh.household_id = c.named_household_id AND nh.status = 'active'
WHERE c.matched_household_id IS NULL AND (c.person_id IS NOT NULL OR c.named_household_id IS NOT NULL)
    AND coalesce(ph.household_id, nh.household_id) IS NOT NULL
    AND (ph.household_id IS NULL OR nh.household_id IS NULL OR ph.household_id = nh.household_id)
    AND NOT EXISTS (
        SELECT FROM put_off o WHERE o.subject = 'household:' || c.household_id AND o.retry_at > (SELECT civil.now())
    )
ORDER BY c.household_id LIMIT $1

-- name: one
-- One report, matched or not, if the caller may see it.
SELECT clue_id, household_id, region FROM clues WHERE clue_id = $1

-- name: told_of
-- What the newest reports of a household told, sealed, $2 at most: its declarer's first.
SELECT clue_id, told, region, grid FROM clues
WHERE (household_id = $1 OR matched_household_id = $1) AND withdrawn_at IS NULL
ORDER BY (cause = 'declaration') DESC, reported_at DESC LIMIT $2

-- name: first_of
-- The report that a provisional household began with.
SELECT clue_id, region, grid, display_name, matched_household_id FROM clues
WHERE household_id = $1 ORDER BY reported_at, clue_id LIMIT 1
