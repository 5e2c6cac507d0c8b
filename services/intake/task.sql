-- name: of_cases
-- The open tasks of these cases.
SELECT task_id, case_id, household_id, hop, round, branch, office, region, grid
FROM open_tasks WHERE case_id = ANY ($1::uuid[])

-- name: of_household
-- The open tasks of one household.
SELECT task_id, case_id, household_id, hop, round, branch, office, region, grid
FROM open_tasks WHERE household_id = $1

-- name: clear
-- Before what is open now is put in.
DELETE FROM open_tasks WHERE case_id = ANY ($1::uuid[])

-- name: put
-- What is open now.
INSERT INTO open_tasks (task_id, case_id, household_id, hop, round, branch, office, region, grid)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[],
    $9::text[])
