-- name: posts_of
-- Who is responsible at these offices on a day: whoever is in post and not on leave, and who stands in for the others.
WITH today AS MATERIALIZED (SELECT coalesce($2::date, (civil.now() AT TIME ZONE 'Asia/Shanghai')::date) AS day),
held AS MATERIALIZED (
    SELECT a.officer_id, CASE WHEN a.office_id = ANY($1::text[]) THEN a.office_id ELSE a.grid END AS office_id, a.post,
        a.since, a.until, a.grid
    FROM assignments a, today
    WHERE (a.office_id = ANY($1::text[]) OR (a.grid = ANY($1::text[]) AND a.post IN ('worker', 'deputy')))
        AND a.since <= day AND (a.until IS NULL OR a.until > day)
),
away AS MATERIALIZED (
    SELECT l.officer_id, l.deputy_id, l.since, least(l.until, l.ended_on) AS until FROM leaves l, today
    WHERE l.officer_id IN (SELECT officer_id FROM held UNION SELECT d.deputy_id FROM leaves d, held h
            WHERE d.officer_id = h.officer_id)
        AND l.since <= day AND least(l.until, l.ended_on) > day
),
standing AS (
    SELECT coalesce(named.officer_id, own.officer_id) AS officer_id, h.office_id, h.post, a.officer_id AS stands_in_for,
        greatest(a.since, h.since) AS since, least(a.until, h.until) AS until, h.grid
    FROM held h JOIN away a USING (officer_id)
    LEFT JOIN LATERAL (SELECT a.deputy_id AS officer_id WHERE a.deputy_id NOT IN (SELECT officer_id FROM away)) named ON true
    LEFT JOIN LATERAL (
        SELECT d.officer_id FROM held d WHERE h.post = 'worker' AND d.post = 'deputy' AND d.grid = h.grid
            AND d.officer_id NOT IN (SELECT officer_id FROM away) LIMIT 1
    ) own ON true
)
SELECT officer_id, office_id, post, NULL AS stands_in_for, since, until, grid FROM held
WHERE officer_id NOT IN (SELECT officer_id FROM away)
UNION ALL
SELECT officer_id, office_id, post, stands_in_for, since, until, grid FROM standing WHERE officer_id IS NOT NULL
ORDER BY since, officer_id LIMIT 200

-- name: offices_of
-- Offices by id.
SELECT office_id, kind, name_zh, name_en, region FROM offices WHERE office_id = ANY($1::text[])

-- name: people_of
-- People as facts tell of them.
SELECT officer_id, display_name, role, capacity, region, grid FROM officers WHERE officer_id = ANY($1::text[])

-- name: stays_of
-- All stays of these people and of whom they are named to stand in for; of everybody else at these offices and grids
-- those that are not over.
SELECT officer_id, office_id, post, since, until, region, grid FROM assignments
WHERE officer_id = ANY($1::text[]) OR officer_id IN (SELECT officer_id FROM leaves WHERE deputy_id = ANY($1::text[]))
UNION
SELECT officer_id, office_id, post, since, until, region, grid FROM assignments
WHERE (office_id = ANY($2::text[]) OR grid = ANY($3::text[]))
    AND (until IS NULL OR until > (civil.now() AT TIME ZONE 'Asia/Shanghai')::date)

-- name: offices_at
-- The offices where these people are in post, or are named to stand in, and those of these grids' holders.
SELECT DISTINCT office_id FROM assignments WHERE officer_id = ANY($1::text[]) OR grid = ANY($2::text[])
    OR officer_id IN (SELECT officer_id FROM leaves WHERE deputy_id = ANY($1::text[]))

-- name: leaves_of
-- Leave of these people and of their named deputies, over or not.
SELECT leave_id, officer_id, since, until, deputy_id, ended_on FROM leaves
WHERE officer_id = ANY($1::text[]) OR officer_id IN (SELECT deputy_id FROM leaves WHERE officer_id = ANY($1::text[]))

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
-- Stays in posts as a change leaves them.
INSERT INTO assignments SELECT * FROM json_populate_recordset(NULL::assignments, $1::json)
ON CONFLICT (officer_id, office_id, since) DO UPDATE SET post = excluded.post, until = excluded.until,
    region = excluded.region, grid = excluded.grid

-- name: list
-- People of a place with their posts of a day, or all they ever had, a page at a time; who is away, and until when.
SELECT o.officer_id, o.display_name, o.role, o.capacity, trim(o.region) AS region, o.grid, a.office_id, a.post, a.since,
    a.until, f.kind AS office_kind, f.name_zh, f.name_en, l.until AS away_until, l.deputy_id
FROM officers o JOIN assignments a USING (officer_id) LEFT JOIN offices f USING (office_id)
CROSS JOIN (SELECT coalesce($10::date, (civil.now() AT TIME ZONE 'Asia/Shanghai')::date) AS day) today
LEFT JOIN LATERAL (
    SELECT least(l.until, l.ended_on) AS until, l.deputy_id FROM leaves l
    WHERE l.officer_id = o.officer_id AND l.since <= day AND least(l.until, l.ended_on) > day LIMIT 1
) l ON true
WHERE (o.officer_id, a.office_id, a.since) > ($1, $2, $3::date) AND ($4::text IS NULL OR a.office_id = $4)
    AND ($5::text IS NULL OR a.grid = $5 OR o.grid = $5)
    AND ($6::text IS NULL OR o.role = $6) AND o.region >= rpad($7, 12, '0') AND o.region <= rpad($7, 12, '9')
    AND ($11::text IS NULL OR o.officer_id = $11) AND ($8::boolean OR (a.since <= day AND (a.until IS NULL OR a.until > day)))
ORDER BY o.officer_id, a.office_id, a.since LIMIT $9

-- name: list_offices
-- Offices of a place, the highest first, with how many are in post there and how many of them are on leave.
SELECT f.office_id, f.kind, f.name_zh, f.name_en, trim(f.region) AS region, f.region AS place, count(a.officer_id) AS officers,
    count(l.officer_id) AS away
FROM offices f CROSS JOIN (SELECT (civil.now() AT TIME ZONE 'Asia/Shanghai')::date AS day) today
LEFT JOIN assignments a ON a.office_id = f.office_id AND a.since <= day AND (a.until IS NULL OR a.until > day)
LEFT JOIN LATERAL (
    SELECT l.officer_id FROM leaves l
    WHERE l.officer_id = a.officer_id AND l.since <= day AND least(l.until, l.ended_on) > day LIMIT 1
) l ON true
WHERE (f.region, f.office_id) > ($1::bpchar COLLATE "C", $2) AND ($3::text[] IS NULL OR f.kind = ANY($3))
    AND f.region >= rpad($4, 12, '0') AND f.region <= rpad($4, 12, '9')
    AND ($6::text IS NULL OR f.office_id = $6)
GROUP BY f.office_id, f.kind, f.name_zh, f.name_en, f.region ORDER BY f.region, f.office_id LIMIT $5
