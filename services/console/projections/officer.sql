-- name: overwrite
-- An officer's post at an office, unless a later word about it is known (both count under the office's key).
INSERT INTO officers (officer_id, office_id, office_kind, office_zh, office_en, display_name, role, capacity, post, since,
                      until, sequence, region, grid)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::date[], $11::date[], $12::bigint[], $13::text[], $14::text[])
ON CONFLICT (officer_id, office_id) DO UPDATE SET
    office_kind = excluded.office_kind, office_zh = excluded.office_zh, office_en = excluded.office_en,
    display_name = excluded.display_name, role = excluded.role, capacity = excluded.capacity, post = excluded.post,
    since = excluded.since, until = excluded.until, sequence = excluded.sequence, region = excluded.region,
    grid = excluded.grid
WHERE officers.sequence < excluded.sequence

-- name: in_post
-- Everybody in post today, from the top down, place by place. `until` is the first day on which a post is another's.
SELECT officer_id, office_id, office_kind, office_zh, office_en, display_name, role, capacity, post, region, grid
FROM officers
WHERE since <= (civil.now() AT TIME ZONE 'Asia/Shanghai')::date
  AND (until IS NULL OR until > (civil.now() AT TIME ZONE 'Asia/Shanghai')::date)
ORDER BY region, office_id, role, officer_id

-- name: villages
-- The villages of a place in which somebody is in post today, with their office's name.
SELECT DISTINCT ON (region) region::text AS region, office_zh FROM officers
WHERE office_kind = 'village_committee' AND region BETWEEN rpad($1, 12, '0') AND rpad($1, 12, '9')
  AND since <= (civil.now() AT TIME ZONE 'Asia/Shanghai')::date
  AND (until IS NULL OR until > (civil.now() AT TIME ZONE 'Asia/Shanghai')::date)
ORDER BY region, office_id

-- name: named
-- Masked names and offices of officers, each by the post in force today, else by the last one that has begun: an ended
-- post stays.
SELECT DISTINCT ON (officer_id) officer_id, display_name, role, office_zh, office_en
FROM officers, LATERAL (SELECT (civil.now() AT TIME ZONE 'Asia/Shanghai')::date AS today) AS civil_day
WHERE officer_id = ANY ($1::text[])
ORDER BY officer_id, since <= today DESC, until IS NULL OR until > today DESC, since DESC, office_id
