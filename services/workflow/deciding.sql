-- name: household_of
-- The household of a task, open or not, as far as the caller's scope shows it. One task, not an array of them, here and
-- below: of an array PostgreSQL expects ten, never takes to the plan that it could keep, and plans 0.1 and 0.3 ms each time.
SELECT household_id FROM tasks WHERE task_id = $1

-- name: file_of
-- The open case of a task's household, whole in one row: its live places, open tasks and running deadlines.
SELECT t.household_id AS of_household, c.*,
    ARRAY(SELECT p FROM places p WHERE p.household_id = c.household_id AND p.case_id = c.case_id AND p.state <> 'ended')
        AS places,
    ARRAY(SELECT o FROM tasks o WHERE o.household_id = c.household_id AND o.case_id = c.case_id AND o.state = 'open') AS tasks,
    ARRAY(SELECT d FROM deadlines d WHERE d.household_id = c.household_id AND d.case_id = c.case_id
        AND d.state IN ('running', 'paused')) AS deadlines
FROM tasks t LEFT JOIN cases c ON c.household_id = t.household_id AND c.state <> 'closed'
WHERE t.task_id = $1
