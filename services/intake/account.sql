-- name: rows
-- What was written, by department, channel and outcome at its coming.
SELECT department, channel, CASE outcome WHEN 'accepted' THEN 'accepted' ELSE 'parked' END AS outcome, count(*) AS number
FROM records GROUP BY 1, 2, 3
UNION ALL SELECT department, channel, 'duplicates', count(*) FROM repeats GROUP BY 1, 2
UNION ALL SELECT department, channel, 'rejected', count(*) FROM rejections GROUP BY 1, 2

-- name: lines
-- What the readers of bodies counted; of a batch that still runs, what is done.
SELECT department, sum(coalesce(lines, received))::bigint AS lines FROM batches GROUP BY 1

-- name: skipped
-- Records that a person skipped, by their names in the audit.
SELECT array_agg(subject) FROM audit WHERE action = 'dead_letter.skip'

-- name: http
-- What departments sent over HTTP from an area.
SELECT department, count(*) AS batches, sum(received)::bigint AS received, sum(accepted)::bigint AS accepted,
    sum(duplicates)::bigint AS duplicates, sum(rejected)::bigint AS rejected, sum(parked)::bigint AS parked,
    max(opened_at) AS last
FROM batches WHERE region >= $1::bpchar AND region <= $2::bpchar GROUP BY 1

-- name: parked
-- What is parked at this moment, in an area.
SELECT department, count(*) AS number, min(since) AS oldest FROM parked
WHERE region >= $1::bpchar AND region <= $2::bpchar GROUP BY 1
