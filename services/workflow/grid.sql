-- name: office_of
-- A grid's office.
SELECT office_id FROM grids WHERE grid = $1

-- name: put
-- A grid with its office from now on; what it was before is kept.
INSERT INTO grids SELECT * FROM json_populate_recordset(NULL::grids, $1::json)
ON CONFLICT (grid) DO UPDATE SET office_id = excluded.office_id

-- name: move
-- People whose own grid is another one from now on.
UPDATE officers SET grid = $2 WHERE officer_id = ANY($1::text[])

-- name: now
-- The civil instant.
SELECT civil.now()

-- name: list
-- Grids with their households, whoever holds their posts today, and who of them is away, a page at a time.
SELECT g.grid, trim(g.region) AS region, g.office_id, f.name_zh, f.name_en,
    (SELECT count(*) FROM households h WHERE h.region = g.region AND h.grid = g.grid AND h.status = 'active') AS households,
    holder.worker, holder.worker_away_until, holder.deputy, holder.deputy_away_until, holder.named_deputy
FROM grids g LEFT JOIN offices f USING (office_id)
CROSS JOIN (SELECT (civil.now() AT TIME ZONE 'Asia/Shanghai')::date AS day) today
CROSS JOIN LATERAL (
    SELECT min(a.officer_id) FILTER (WHERE a.post = 'worker') AS worker,
        min(l.until) FILTER (WHERE a.post = 'worker') AS worker_away_until,
        min(l.deputy_id) FILTER (WHERE a.post = 'worker') AS named_deputy,
        min(a.officer_id) FILTER (WHERE a.post = 'deputy') AS deputy,
        min(l.until) FILTER (WHERE a.post = 'deputy') AS deputy_away_until
    FROM assignments a LEFT JOIN LATERAL (
        SELECT least(l.until, l.ended_on) AS until, l.deputy_id FROM leaves l
        WHERE l.officer_id = a.officer_id AND l.since <= day AND least(l.until, l.ended_on) > day LIMIT 1
    ) l ON true
    WHERE a.grid = g.grid AND a.post IN ('worker', 'deputy') AND a.since <= day AND (a.until IS NULL OR a.until > day)
) holder
WHERE g.grid > $1 AND g.region >= rpad($2, 12, '0') AND g.region <= rpad($2, 12, '9') AND ($4::text IS NULL OR g.grid = $4)
ORDER BY g.grid LIMIT $3
