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

-- name: called
-- A person's call, counted before it is read.
INSERT INTO clue_calls (call_id, boundary) VALUES ($1, $2)

-- name: rejected
-- A call that was refused: where and why, and nothing of what was said.
INSERT INTO clue_rejections (call_id, boundary, code, field) VALUES ($1, $2, $3, $4)

-- name: repeated
-- A call that got the answer of an earlier one.
INSERT INTO clue_repeats (call_id, boundary) VALUES ($1, $2)

-- name: calls
-- What readers counted.
SELECT boundary, count(*) AS calls FROM clue_calls GROUP BY 1

-- name: became
-- What became of people's calls, by outcome; complaints count among the accepted, not apart. A call without any outcome
-- yet is waiting.
SELECT boundary, outcome, sum(number)::bigint AS number FROM (
    SELECT cause AS boundary, CASE outcome WHEN 'duplicate' THEN 'duplicates' ELSE outcome END AS outcome,
        count(*) AS number
    FROM clues GROUP BY 1, 2
    UNION ALL SELECT boundary, 'accepted', count(*) FROM complaints GROUP BY 1
    UNION ALL SELECT boundary, 'rejected', count(*) FROM clue_rejections GROUP BY 1
    UNION ALL SELECT boundary, 'duplicates', count(*) FROM clue_repeats GROUP BY 1
    UNION ALL SELECT boundary, 'waiting', count(*) FROM clue_calls c
    WHERE NOT EXISTS (SELECT FROM clues x WHERE x.call_id = c.call_id)
        AND NOT EXISTS (SELECT FROM complaints x WHERE x.call_id = c.call_id)
        AND NOT EXISTS (SELECT FROM clue_rejections x WHERE x.call_id = c.call_id)
        AND NOT EXISTS (SELECT FROM clue_repeats x WHERE x.call_id = c.call_id)
    GROUP BY 1
) AS each GROUP BY 1, 2
