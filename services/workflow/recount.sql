-- name: reaching
-- Households with a limit that reaches into a year from before it, a page at a time.
SELECT household_id, min(region) AS region FROM places
WHERE state IN ('on_its_way', 'open') AND sent_at < $1 AND due_at > $1 AND household_id > $2
GROUP BY household_id ORDER BY household_id LIMIT $3
