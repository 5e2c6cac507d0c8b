-- A fact that its own service reads (a hop's entry) can be read again, after the database was put back, before its
-- service has told it again. Then nothing came of it. `value` is that record as it lies in the log, kept for such topics
-- alone: told again, it goes out as it was, under its id and number, and its reader, which has that number behind it,
-- knows by `is_owed` that it is due to be decided.
ALTER TABLE restored
    ADD COLUMN number integer,
    ADD COLUMN value bytea,
    ADD COLUMN is_owed boolean NOT NULL DEFAULT false;
CREATE INDEX restored_owed ON restored (key) WHERE is_owed;

-- Of these facts, which are being told again, send those anew that had been read too early. Returns how many.
CREATE FUNCTION tell_again(wanted uuid[]) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = @schema, pg_temp AS $$
    WITH owed AS (
        UPDATE restored r SET is_owed = true FROM keys k
        WHERE r.event_id = ANY (wanted) AND r.value IS NOT NULL AND NOT r.is_owed
            AND k.key = r.key AND coalesce(k.applied[r.number], 0) >= r.sequence
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
REVOKE ALL ON FUNCTION tell_again(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tell_again(uuid[]) TO @schema_worker, @schema_api;
GRANT SELECT, UPDATE (is_owed, value) ON restored TO @schema_worker;
