-- Facts that are committed and not yet acknowledged by Kafka. The relay sends in row order and deletes what was acked.
CREATE TABLE outbox (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic     text NOT NULL,
    key       text COLLATE "C" NOT NULL,
    sequence  bigint NOT NULL CHECK (sequence > 0),
    event_id  uuid NOT NULL,
    type      text NOT NULL,
    source    text NOT NULL,
    region    char(12) COLLATE "C" NOT NULL,
    value     bytea NOT NULL CHECK (octet_length(value) BETWEEN 2 AND 262144),
    emitted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A person's call emits through this function only: it refuses a number that is not the next of its key and topic.
CREATE FUNCTION emit(
    topics text[], numbers integer[], names text[], sequences bigint[], ids uuid[], types text[],
    sources text[], regions text[], bodies bytea[]
) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema AS $$
DECLARE
    i integer;
    last bigint;
BEGIN
    FOR i IN 1 .. coalesce(cardinality(names), 0) LOOP
        SELECT coalesce(k.emitted[numbers[i]], 0) INTO last FROM keys k WHERE k.key = names[i];
        IF last IS NULL OR sequences[i] <> last + 1 THEN
            RAISE EXCEPTION 'emit: % is not the next number after % of this key and topic', sequences[i], last
                USING ERRCODE = '23514';
        END IF;
        -- Whole arrays: a place set in an empty one would begin there, and every reader would count from 1.
        UPDATE keys k SET emitted = (
            SELECT array_agg(CASE WHEN n = numbers[i] THEN sequences[i] ELSE coalesce(k.emitted[n], 0) END ORDER BY n)
            FROM generate_series(1, greatest(numbers[i], cardinality(k.emitted))) AS n
        ) WHERE k.key = names[i];
    END LOOP;
    INSERT INTO outbox (topic, key, sequence, event_id, type, source, region, value)
        SELECT * FROM unnest(topics, names, sequences, ids, types, sources, regions, bodies);
    PERFORM pg_notify('outbox_@schema', '');
END $$;
