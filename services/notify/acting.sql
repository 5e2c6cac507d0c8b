-- name: read
-- These officers' notices of these tasks that have not been acted on.
SELECT n.* FROM unnest($1::uuid[], $2::text[]) AS a (task_id, officer_id) JOIN notices n USING (task_id, officer_id)
WHERE n.acted_at IS NULL ORDER BY n.created_at, n.notice_id

-- name: mark
-- Their receiver has decided the task, once.
UPDATE notices SET acted_at = $2 WHERE notice_id = ANY($1::uuid[]) AND acted_at IS NULL
