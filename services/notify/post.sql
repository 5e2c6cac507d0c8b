-- name: read
-- Everybody at these offices or grids, with their spells.
SELECT officer_id, office_id, office_kind, office_zh, office_en, role, capacity, post, since, until, changed_at, region,
    grid, NULL::text AS stands_in_for
FROM posts WHERE office_id = ANY($1::text[]) OR grid = ANY($1::text[])
UNION ALL
SELECT officer_id, office_id, office_kind, office_zh, office_en, role, capacity, post, since, until, changed_at, region,
    grid, stands_in_for
FROM spells WHERE office_id = ANY($1::text[]) OR grid = ANY($1::text[])
ORDER BY since, officer_id

-- name: put
-- A post as it is told now; the office's key row keeps the order.
INSERT INTO posts SELECT * FROM json_populate_recordset(NULL::posts, $1::json)
ON CONFLICT (office_id, officer_id) DO UPDATE SET
    office_kind = excluded.office_kind, office_zh = excluded.office_zh, office_en = excluded.office_en,
    role = excluded.role, capacity = excluded.capacity, post = excluded.post, since = excluded.since,
    until = excluded.until, changed_at = excluded.changed_at, region = excluded.region, grid = excluded.grid

-- name: put_spells
-- Who acts for somebody on leave, as it is told now: a new `until` ends it earlier or later.
INSERT INTO spells SELECT * FROM json_populate_recordset(NULL::spells, $1::json)
ON CONFLICT (office_id, officer_id, stands_in_for, since) DO UPDATE SET
    office_kind = excluded.office_kind, office_zh = excluded.office_zh, office_en = excluded.office_en,
    role = excluded.role, capacity = excluded.capacity, post = excluded.post, until = excluded.until,
    changed_at = excluded.changed_at, region = excluded.region, grid = excluded.grid
