-- name: own
-- Notices by id that are their asker's own.
SELECT n.* FROM notices n JOIN unnest($1::uuid[], $2::text[]) AS a (notice_id, officer_id)
    ON n.notice_id = a.notice_id AND n.officer_id = a.officer_id

-- name: mark_read
-- Read, once.
UPDATE notices SET state = 'read', read_at = $2 WHERE notice_id = ANY($1::uuid[]) AND state = 'sent'
