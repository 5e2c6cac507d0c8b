-- name: count
-- Live places by hop, office, level, lateness and state. What is tracked is neither due nor late.
-- A department counts its own branches alone, as its list shows them.
SELECT p.hop, p.office, o.name_zh, o.name_en, p.level, p.lateness, p.state, p.count, p.besides
FROM (
    SELECT hop, office, level, CASE WHEN state = 'tracking' THEN 'normal' ELSE lateness END AS lateness, state,
        count(*) AS count, count(*) FILTER (WHERE NOT is_main) AS besides
    FROM places WHERE state <> 'ended' AND ($1::text IS NULL OR (hop = 'department' AND branch = $1)) GROUP BY 1, 2, 3, 4, 5
) p LEFT JOIN offices o ON o.office_id = p.office
ORDER BY p.hop, p.office, p.level, p.lateness, p.state

-- name: now
-- Civil now.
SELECT civil.now()
