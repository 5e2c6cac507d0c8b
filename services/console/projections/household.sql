-- name: overwrite
-- A household's public state, unless a later one is known.
INSERT INTO households (household_id, household_no, display_name, size, group_number, status, merged_into, poverty_history,
                        monitoring, sequence, region, grid)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::uuid[], $8::text[],
                     $9::text[], $10::bigint[], $11::text[], $12::text[])
ON CONFLICT (household_id) DO UPDATE SET
    household_no = excluded.household_no, display_name = excluded.display_name, size = excluded.size,
    group_number = excluded.group_number, status = excluded.status, merged_into = excluded.merged_into,
    poverty_history = excluded.poverty_history, monitoring = excluded.monitoring, sequence = excluded.sequence,
    region = excluded.region, grid = excluded.grid
WHERE households.sequence < excluded.sequence

-- name: one
-- A household's public state.
SELECT household_id, household_no, display_name, size, group_number, status, merged_into, poverty_history, monitoring,
       region, grid
FROM households WHERE household_id = $1

-- name: search
-- Households of a place, by number or by the beginning of the masked name ($4 and $5: the number after which to go on).
SELECT household_id, household_no, display_name, size, group_number, status, poverty_history, monitoring, region, grid
FROM households
WHERE region BETWEEN $1::bpchar AND $2::bpchar
  AND ($3 = '' OR household_no LIKE $3 || '%' OR display_name LIKE $3 || '%')
  AND (household_no, household_id) > ($4, $5::uuid)
ORDER BY household_no, household_id LIMIT $6

-- name: count
-- How many they are.
SELECT count(*) FROM households
WHERE region BETWEEN $1::bpchar AND $2::bpchar
  AND ($3 = '' OR household_no LIKE $3 || '%' OR display_name LIKE $3 || '%')

-- name: some
-- The public state of the households of a list.
SELECT household_id, household_no, display_name, size, group_number, status, region, grid
FROM households WHERE household_id = ANY ($1::uuid[])
