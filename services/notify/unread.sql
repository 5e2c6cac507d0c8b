-- name: due
-- Red notices whose time to be read is over.
SELECT notice_id, household_id, region FROM notices
WHERE state = 'sent' AND escalate_at IS NOT NULL AND escalate_at <= (SELECT civil.now())
ORDER BY escalate_at, notice_id LIMIT $1

-- name: read
-- These notices, read again under their households' locks; whether another person of the occasion has read his. Each asks
-- for its own: for EXISTS PostgreSQL may gather all that were ever read first.
SELECT n.*, coalesce(
    (SELECT true FROM notices o WHERE o.occasion_id = n.occasion_id AND o.state = 'read' LIMIT 1), false
) AS is_read_by_another
FROM notices n WHERE n.notice_id = ANY($1::uuid[])

-- name: passed
-- Their time is over: none is escalated twice.
UPDATE notices n SET escalate_at = NULL, escalated_at = p.escalated_at
FROM unnest($1::uuid[], $2::timestamptz[]) AS p (notice_id, escalated_at)
WHERE n.notice_id = p.notice_id
