-- name: insert
-- One complaint, under its handler's place.
INSERT INTO complaints (complaint_id, call_id, boundary, channel, household_id, about_offices, about_officers,
    is_confidential, received_at, reported_by_role, told, region)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: list
-- Complaints that row scope shows, the newest first; none that is about the caller.
SELECT complaint_id, boundary, channel, household_id, about_offices, about_officers, is_confidential, received_at,
    reported_by_role, told, region
FROM complaints
WHERE (received_at, complaint_id) < ($1, $2) AND NOT (coalesce($3, '') = ANY (about_officers))
ORDER BY received_at DESC, complaint_id DESC LIMIT $4

-- name: noticed
-- Households of a village that hang on a public notice, with their heads' sealed names, or their declarers'.
SELECT p.household_id, p.region, p.grid, h.household_id IS NOT NULL AS is_registered, c.matched_household_id, c.concerns,
    m.person_id, m.name, c.clue_id, c.told
FROM case_progress p
LEFT JOIN households h ON h.household_id = p.household_id
LEFT JOIN persons m ON m.household_id = p.household_id AND m.place = 0 AND NOT m.is_left
LEFT JOIN LATERAL (
    SELECT clue_id, told, matched_household_id, concerns FROM clues
    WHERE household_id = p.household_id ORDER BY reported_at DESC LIMIT 1
) c ON true
WHERE p.region = $1 AND p.notice_until IS NOT NULL AND p.state = 'open'
LIMIT $2
