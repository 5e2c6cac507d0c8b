-- name: households_of
-- The households of tasks, open or not, as far as the caller's scope shows them.
SELECT task_id, household_id FROM tasks WHERE task_id = ANY($1::uuid[])
