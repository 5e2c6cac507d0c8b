-- name: own
-- One's own notices, newest first.
SELECT * FROM notices
WHERE officer_id = $1 AND ($2::text IS NULL OR state = $2) AND (created_at, notice_id) < ($3::timestamptz, $4::uuid)
ORDER BY created_at DESC, notice_id DESC LIMIT $5

-- name: of_area
-- Who in the caller's area was told of what, newest first; the words are the receiver's own.
SELECT notice_id, case_id, household_id, task_id, officer_id, office, step, hop, round, branch, hop_step, level, due_at,
    carrier, state, created_at, delivered_at, read_at, acted_at, escalated_at, region, grid
FROM notices
WHERE ($1::text IS NULL OR state = $1) AND (created_at, notice_id) < ($2::timestamptz, $3::uuid)
ORDER BY created_at DESC, notice_id DESC LIMIT $4

-- name: unread
-- How many of one's own are unread.
SELECT count(*) FROM notices WHERE officer_id = $1 AND state = 'sent'

-- name: is_told_of
-- Whether an officer has been told of this household, in his own place.
SELECT EXISTS (SELECT 1 FROM notices WHERE household_id = $1 AND officer_id = $2)

-- name: ways_out
-- What became of these notices by each carrier that leaves the house.
SELECT notice_id, carrier, state, tries, cause, due_at, sent_at FROM dispatches WHERE notice_id = ANY($1::uuid[])
ORDER BY carrier
