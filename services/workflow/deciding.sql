-- name: households_of
-- The households of tasks, open or not, as far as the caller's scope shows them.
SELECT task_id, household_id FROM tasks WHERE task_id = ANY($1::uuid[])

-- name: files_of
-- The open cases of these tasks' households, each whole in one row: its live places, open tasks and running deadlines.
-- A person's call goes to the database once for it.
SELECT t.task_id AS of_task, c.*,
    ARRAY(SELECT p FROM places p WHERE p.household_id = c.household_id AND p.case_id = c.case_id AND p.state <> 'ended')
        AS places,
    ARRAY(SELECT o FROM tasks o WHERE o.household_id = c.household_id AND o.case_id = c.case_id AND o.state = 'open') AS tasks,
    ARRAY(SELECT d FROM deadlines d WHERE d.household_id = c.household_id AND d.case_id = c.case_id
        AND d.state IN ('running', 'paused')) AS deadlines
FROM tasks t LEFT JOIN cases c ON c.household_id = t.household_id AND c.state <> 'closed'
WHERE t.task_id = ANY($1::uuid[])
