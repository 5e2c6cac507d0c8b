-- name: hold
-- Take a lease that ended, keep one's own, or (at its first try alone) take one's own predecessor's over at once.
UPDATE relay SET
    token = CASE WHEN instance = $1 AND incarnation = $2 THEN token ELSE token + 1 END,
    instance = $1, incarnation = $2, until = $4
WHERE until < $3 OR (instance = $1 AND (incarnation = $2 OR $5))
RETURNING token, pg_current_xact_id()::text::bigint AS transaction,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest

-- name: last_id
-- The last id that was given, committed or not. Asked before the lease: whoever took it has an older transaction.
SELECT coalesce(pg_sequence_last_value('outbox_id_seq'), 0)

-- name: give_up
-- Stopped in order: the next candidate need not wait.
UPDATE relay SET until = '-infinity' WHERE instance = $1 AND incarnation = $2

-- name: select
-- What was committed first goes first; nothing lies at or below the floor any more.
SELECT id, topic, key, sequence, event_id, type, source, region, value, emitted_at FROM outbox
WHERE id > $2 ORDER BY id LIMIT $1

-- name: delete
-- Acknowledged by Kafka; a late holder's token finds nothing.
DELETE FROM outbox WHERE id = ANY ($1::bigint[]) AND EXISTS (SELECT 1 FROM relay WHERE token = $2)

-- name: depth
-- What is committed and not yet acknowledged, by topic.
SELECT topic, count(*) AS facts, min(emitted_at) AS oldest FROM outbox GROUP BY topic ORDER BY topic
