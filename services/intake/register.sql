-- name: homes
-- The rows of households.
SELECT household_id, household_no, status, region, village_group, display_name, poverty_history, lifted_out_year, record_id
FROM households WHERE household_id = ANY ($1::uuid[])

-- name: members
-- Their members, in the order in which the form names them.
SELECT person_id, household_id, display_name, relation, sex, birth_year, health, labour, schooling
FROM persons WHERE household_id = ANY ($1::uuid[]) AND NOT is_left ORDER BY household_id, place

-- name: incomes
-- What income records say of them.
SELECT record_id, household_id, year, net_yuan, occurred_on FROM incomes WHERE household_id = ANY ($1::uuid[])

-- name: monitorings
-- What monitoring records say of them.
SELECT record_id, household_id, status, category, since, occurred_on
FROM monitorings WHERE household_id = ANY ($1::uuid[])

-- name: whereabouts
-- Which household these persons belong to, or belonged to last.
SELECT person_id, household_id, is_left FROM persons WHERE person_id = ANY ($1::uuid[])

-- name: save_homes
-- New households and changed ones; an address that was not told again stays.
INSERT INTO households AS h (household_id, household_no, status, region, grid, village_group, display_name,
    poverty_history, lifted_out_year, size, address, record_id, changed_at)
SELECT i, n, s, r, g, vg, d, p, l, z, a, ri, $13
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::text[],
    $9::smallint[], $10::smallint[], $11::bytea[], $12::text[]) AS u (i, n, s, r, g, vg, d, p, l, z, a, ri)
ON CONFLICT (household_id) DO UPDATE SET
    status = excluded.status, region = excluded.region, grid = excluded.grid, village_group = excluded.village_group,
    display_name = excluded.display_name, poverty_history = excluded.poverty_history,
    lifted_out_year = excluded.lifted_out_year, size = excluded.size, address = coalesce(excluded.address, h.address),
    record_id = excluded.record_id, changed_at = excluded.changed_at

-- name: save_persons
-- Members as told; whoever was elsewhere is here now.
INSERT INTO persons AS p (person_id, household_id, place, name, id_no, phone, display_name, relation, sex, birth_year,
    health, labour, schooling, is_left, region, grid)
SELECT i, h, pl, n, no, ph, d, re, s, b, he, la, sc, false, r, g
FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::text[], $8::text[],
    $9::text[], $10::smallint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
    AS u (i, h, pl, n, no, ph, d, re, s, b, he, la, sc, r, g)
ON CONFLICT (person_id) DO UPDATE SET
    household_id = excluded.household_id, place = excluded.place, name = excluded.name, id_no = excluded.id_no,
    phone = excluded.phone, display_name = excluded.display_name, relation = excluded.relation, sex = excluded.sex,
    birth_year = excluded.birth_year, health = excluded.health, labour = excluded.labour,
    schooling = excluded.schooling, is_left = false, region = excluded.region, grid = excluded.grid

-- name: mark_left
-- Their household names them no more; they keep it as their last one.
UPDATE persons SET is_left = true WHERE person_id = ANY ($1::uuid[])

-- name: remove_incomes
-- Before what they say now is put in.
DELETE FROM incomes WHERE record_id = ANY ($1::text[])

-- name: remove_monitorings
-- Before what they say now is put in.
DELETE FROM monitorings WHERE record_id = ANY ($1::text[])

-- name: save_incomes
-- What income records say now.
INSERT INTO incomes (household_id, region, grid, record_id, year, net_yuan, occurred_on)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::numeric[], $7::date[])

-- name: save_monitorings
-- What monitoring records say now.
INSERT INTO monitorings (household_id, region, grid, record_id, status, category, since, occurred_on)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::date[])

-- name: move_persons
-- A household moved: those who left it are seen where it is now.
UPDATE persons p SET region = u.region, grid = u.grid
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (household_id, region, grid)
WHERE p.household_id = u.household_id AND (p.region, p.grid) IS DISTINCT FROM (u.region::bpchar, u.grid)

-- name: move_incomes
-- A household moved: its incomes are seen where it is now.
UPDATE incomes p SET region = u.region, grid = u.grid
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (household_id, region, grid)
WHERE p.household_id = u.household_id AND (p.region, p.grid) IS DISTINCT FROM (u.region::bpchar, u.grid)

-- name: move_monitorings
-- A household moved: its monitoring is seen where it is now.
UPDATE monitorings p SET region = u.region, grid = u.grid
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (household_id, region, grid)
WHERE p.household_id = u.household_id AND (p.region, p.grid) IS DISTINCT FROM (u.region::bpchar, u.grid)

-- name: move_records
-- A household moved: what was said of it is seen where it is now.
UPDATE records p SET region = u.region, grid = u.grid
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (household_id, region, grid)
WHERE p.household_id = u.household_id AND (p.region, p.grid) IS DISTINCT FROM (u.region::bpchar, u.grid)
