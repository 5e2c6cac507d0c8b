-- name: read
-- Everybody at these offices or grids.
SELECT * FROM posts WHERE office_id = ANY($1::text[]) OR grid = ANY($1::text[]) ORDER BY since, officer_id

-- name: put
-- A post as it is told now; the office's key row keeps the order.
INSERT INTO posts SELECT * FROM json_populate_recordset(NULL::posts, $1::json)
ON CONFLICT (office_id, officer_id) DO UPDATE SET
    office_kind = excluded.office_kind, office_zh = excluded.office_zh, office_en = excluded.office_en,
    role = excluded.role, capacity = excluded.capacity, post = excluded.post, since = excluded.since,
    until = excluded.until, changed_at = excluded.changed_at, region = excluded.region, grid = excluded.grid
