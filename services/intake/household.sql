-- name: list
-- Households of a place, by number, a page at a time; $3 is a number, $4 the beginning of a masked name.
SELECT household_id, household_no, display_name, region, grid, village_group AS "group", size, poverty_history, status
FROM households
WHERE region >= $1::bpchar AND region <= $2::bpchar AND status = 'active'
    AND ($3::text IS NULL OR household_no = $3 OR display_name LIKE $4) AND household_no > $5
ORDER BY household_no LIMIT $6

-- name: one
-- One household's own row, if row scope shows it.
SELECT household_no, region, village_group, address FROM households WHERE household_id = $1

-- name: persons
-- Its members with their sealed names, numbers and phones, the head first.
SELECT person_id, relation, name, id_no, phone FROM persons WHERE household_id = $1 AND NOT is_left ORDER BY place
