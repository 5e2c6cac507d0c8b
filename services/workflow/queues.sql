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

-- name: late_on_its_way
-- Live places that are late between two hops, where no task is yet: the graver lateness first, then the earliest limit.
SELECT p.case_id, p.household_id, h.household_no, h.display_name, h.size, p.hop, p.step, p.round, p.branch, p.office,
    p.level, p.lateness, p.from_hop, p.sent_at, p.due_at, p.region, p.grid
FROM places p LEFT JOIN households h ON h.household_id = p.household_id
WHERE p.state = 'on_its_way' AND p.lateness IN ('overdue', 'supervised')
    AND ($1::text IS NULL OR (p.hop = 'department' AND p.branch = $1))
ORDER BY p.lateness DESC, p.due_at, p.place_id LIMIT $2
