-- name: read
-- These notices, read again under their households' locks.
SELECT * FROM notices WHERE notice_id = ANY($1::uuid[])

-- name: mark_delivered
-- Put before their receiver, once.
UPDATE notices SET delivered_at = $2 WHERE notice_id = ANY($1::uuid[]) AND delivered_at IS NULL
