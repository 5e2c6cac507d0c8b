-- A fact is told again once. Then nobody asks for its row any more: it goes at once, or, where its reader is still to
-- decide the record that goes out once more, when that has come. What stays is what nobody has told again: somebody may.
CREATE OR REPLACE FUNCTION tell_again(wanted uuid[]) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = @schema, pg_temp AS $$
    WITH there AS (
        SELECT r.event_id, r.value IS NOT NULL AND coalesce(k.applied[r.number], 0) >= r.sequence AS is_early, r.is_owed
        FROM restored r LEFT JOIN keys k ON k.key = r.key WHERE r.event_id = ANY (wanted)
    ), gone AS (
        DELETE FROM restored r USING there t WHERE r.event_id = t.event_id AND NOT t.is_early AND NOT t.is_owed
    ), owed AS (
        UPDATE restored r SET is_owed = true FROM there t
        WHERE r.event_id = t.event_id AND t.is_early AND NOT t.is_owed
        RETURNING r.*
    ), sent AS (
        INSERT INTO outbox (topic, key, sequence, event_id, type, source, region, value)
        SELECT o.topic, o.key, o.sequence, o.event_id, said.body ->> 'type', said.body ->> 'source',
            said.body ->> 'region', o.value
        FROM owed o, LATERAL (SELECT convert_from(o.value, 'UTF8')::jsonb AS body) said
        ORDER BY o.topic, o.key, o.sequence
        RETURNING pg_notify('outbox_@schema', '')
    )
    SELECT count(*) FROM sent
$$;
GRANT DELETE ON restored TO @schema_worker;
