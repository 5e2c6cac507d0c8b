-- name: read
-- Every partition's stored next offset.
SELECT topic, partition, next_offset, lost FROM positions WHERE consumer = $1

-- name: hole
-- A hole was passed: the position jumps, and what was lost is counted.
INSERT INTO positions AS p (consumer, topic, partition, next_offset, holes, lost) VALUES ($1, $2, $3, $4, 1, $5)
ON CONFLICT (consumer, topic, partition) DO UPDATE SET
    next_offset = greatest(p.next_offset, excluded.next_offset), holes = p.holes + 1, lost = p.lost + excluded.lost

-- name: account
-- Each consumer's account by topic.
SELECT consumer, topic, sum(received)::bigint AS received, sum(accepted)::bigint AS accepted,
    sum(duplicates)::bigint AS duplicates, sum(rejected)::bigint AS rejected, sum(parked)::bigint AS parked,
    sum(waiting)::bigint AS waiting, sum(holes)::bigint AS holes, sum(lost)::bigint AS lost
FROM positions GROUP BY 1, 2 ORDER BY 1, 2
