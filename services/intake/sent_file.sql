-- name: put
-- What a file is, once a batch: the same call sends the same file.
INSERT INTO sent_files (batch_id, about, file_rows, region) VALUES ($1, $2, $3, $4) ON CONFLICT (batch_id) DO NOTHING

-- name: one
-- What a batch's file is, for whoever may see the batch.
SELECT about, file_rows FROM sent_files WHERE batch_id = $1

-- name: keep_rows
-- Rows that were refused, in the transaction that refuses them.
INSERT INTO rejected_rows (batch_id, line, cells, at, region)
SELECT b, l, c, $4, r FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $5::text[]) AS u (b, l, c, r)
ON CONFLICT DO NOTHING

-- name: rejected_rows
-- A batch's refused rows with their reasons, in the file's order.
SELECT j.line, j.record_id, j.code, j.field, r.cells
FROM rejections j JOIN rejected_rows r ON r.batch_id = j.batch_id AND r.line = j.line
WHERE j.batch_id = $1 ORDER BY j.line LIMIT $2

-- name: forget
-- What its sender has had time to mend.
WITH gone AS (DELETE FROM sent_files WHERE at < civil.now() - make_interval(days => $1))
DELETE FROM rejected_rows WHERE at < civil.now() - make_interval(days => $1)
