-- name: posts_of
-- Who is responsible at these offices now.
SELECT officer_id, office_id, post FROM assignments
WHERE office_id = ANY($1::text[]) AND until IS NULL ORDER BY since, officer_id LIMIT 200

-- name: offices_of
-- Offices by id.
SELECT office_id, kind, name_zh, name_en, region FROM offices WHERE office_id = ANY($1::text[])

-- name: assignments_of
-- What these people are assigned to, as it was told.
SELECT a.officer_id, a.office_id, a.post, a.since, a.until, a.region, a.grid, o.display_name, o.role, o.capacity,
    f.kind, f.name_zh, f.name_en
FROM assignments a JOIN officers o USING (officer_id) JOIN offices f USING (office_id)
WHERE a.officer_id = ANY($1::text[])

-- name: relieve
-- People who are somewhere else from now on.
UPDATE assignments a SET until = r.until
FROM unnest($1::text[], $2::text[], $3::date[]) AS r (officer_id, office_id, until)
WHERE a.officer_id = r.officer_id AND a.office_id = r.office_id

-- name: put_offices
-- Offices as given.
INSERT INTO offices SELECT * FROM json_populate_recordset(NULL::offices, $1::json)
ON CONFLICT (office_id) DO UPDATE SET kind = excluded.kind, name_zh = excluded.name_zh, name_en = excluded.name_en,
    region = excluded.region

-- name: put_grids
-- Grids as given.
INSERT INTO grids SELECT * FROM json_populate_recordset(NULL::grids, $1::json)
ON CONFLICT (grid) DO UPDATE SET office_id = excluded.office_id, region = excluded.region

-- name: put_officers
-- People as given.
INSERT INTO officers SELECT * FROM json_populate_recordset(NULL::officers, $1::json)
ON CONFLICT (officer_id) DO UPDATE SET name = excluded.name, display_name = excluded.display_name, role = excluded.role,
    capacity = excluded.capacity, region = excluded.region, grid = excluded.grid

-- name: put_assignments
-- Assignments as given.
INSERT INTO assignments SELECT * FROM json_populate_recordset(NULL::assignments, $1::json)
ON CONFLICT (officer_id, office_id) DO UPDATE SET post = excluded.post, since = excluded.since, until = excluded.until,
    region = excluded.region, grid = excluded.grid

-- name: list
-- People of a place with their posts, a page at a time.
SELECT o.officer_id, o.display_name, o.role, o.capacity, trim(o.region) AS region, o.grid, a.office_id, a.post, a.since,
    a.until, f.kind AS office_kind, f.name_zh, f.name_en
FROM officers o JOIN assignments a USING (officer_id) LEFT JOIN offices f USING (office_id)
WHERE (o.officer_id, a.office_id) > ($1, $2) AND ($3::text IS NULL OR a.office_id = $3) AND ($4::text IS NULL OR o.grid = $4)
    AND ($5::text IS NULL OR o.role = $5) AND o.region >= rpad($6, 12, '0') AND o.region <= rpad($6, 12, '9')
ORDER BY o.officer_id, a.office_id LIMIT $7

-- name: list_grids
-- Grids with their households and responsible people, a page at a time.
SELECT g.grid, g.region, g.office_id,
    (SELECT count(*) FROM households h WHERE h.region = g.region AND h.grid = g.grid AND h.status = 'active') AS households,
    (SELECT min(a.officer_id) FROM assignments a WHERE a.office_id = g.office_id AND a.post = 'worker' AND a.until IS NULL)
        AS worker,
    (SELECT min(a.officer_id) FROM assignments a WHERE a.office_id = g.office_id AND a.post = 'deputy' AND a.until IS NULL)
        AS deputy
FROM grids g
WHERE g.grid > $1 AND g.region >= rpad($2, 12, '0') AND g.region <= rpad($2, 12, '9') ORDER BY g.grid LIMIT $3
