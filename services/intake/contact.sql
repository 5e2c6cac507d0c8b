-- name: heads
-- The heads of these households, or of those that they turned out to be, sealed.
SELECT DISTINCT ON (a.asked) a.asked AS household_id, p.person_id, p.name, p.phone
FROM (
    SELECT unnest($1::uuid[]) AS asked, unnest($1::uuid[]) AS household_id
    UNION ALL
    SELECT household_id, matched_household_id FROM clues
    WHERE household_id = ANY ($1::uuid[]) AND matched_household_id IS NOT NULL
) a
JOIN persons p ON p.household_id = a.household_id AND NOT p.is_left
ORDER BY a.asked, (p.phone IS NULL), p.place

-- name: declarers
-- The newest declaration of each of these households that has not been taken back, sealed.
SELECT DISTINCT ON (a.asked) a.asked, c.clue_id, c.told
FROM (SELECT unnest($1::uuid[]) AS asked) a
JOIN clues c ON (c.household_id = a.asked OR c.matched_household_id = a.asked)
    AND c.cause = 'declaration' AND c.withdrawn_at IS NULL
ORDER BY a.asked, c.reported_at DESC
